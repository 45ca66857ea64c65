import type {Duplex} from 'node:stream';
import {addressFields, type AddressFields} from '../addresses.ts';

type WithAddresses = Duplex & {readonly addresses: string; [fields]?: AddressFields};
const fields = Symbol('addresses');

function fieldsOf(socket: WithAddresses): AddressFields {
  return (socket[fields] ??= addressFields(socket.addresses));
}

/** Options of the client's connection, which belongs to the event loop. */
const inert = ['setNoDelay', 'setKeepAlive', 'ref', 'unref'] as const;

/**
 * Gives a stream what services read from a net.Socket and call on it.
 * @param prototype of streams with `addresses`, @see socketAddresses
 */
export function likeNetSocket(prototype: Duplex & {readonly addresses: string}): void {
  for (const name of inert)
    Object.defineProperty(prototype, name, {
      configurable: true,
      writable: true,
      value(this: WithAddresses) {
        return this;
      },
    });
  const getters: Readonly<Record<string, (socket: WithAddresses) => unknown>> = {
    remoteAddress: (socket) => fieldsOf(socket).remoteAddress,
    remotePort: (socket) => fieldsOf(socket).remotePort,
    remoteFamily: (socket) => fieldsOf(socket).remoteFamily,
    localAddress: (socket) => fieldsOf(socket).localAddress,
    localPort: (socket) => fieldsOf(socket).localPort,
    localFamily: (socket) => fieldsOf(socket).remoteFamily,
    pending: () => false,
    bufferSize: (socket) => socket.writableLength,
    readyState: ({readable, writable}) =>
      readable ? (writable ? 'open' : 'readOnly') : writable ? 'writeOnly' : 'closed',
  };
  for (const [name, read] of Object.entries(getters))
    Object.defineProperty(prototype, name, {
      configurable: true,
      get(this: WithAddresses) {
        return read(this);
      },
    });
  Object.defineProperty(prototype, 'address', {
    configurable: true,
    writable: true,
    value(this: WithAddresses) {
      const {localAddress: address, localPort: port, remoteFamily: family} = fieldsOf(this);
      return address === undefined ? {} : {address, port, family};
    },
  });
}
