import type {IncomingMessage} from 'node:http';

/** The addresses of a connection, as the service sees them at `request.socket`. */
export interface AddressFields {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
}

/** The addresses of a connection as one string: few services read them. */
export function socketAddresses(socket: IncomingMessage['socket']): string {
  return [socket.remoteAddress, socket.remotePort, socket.remoteFamily, socket.localAddress, socket.localPort].join(
    ' ',
  );
}

/** The inverse of `socketAddresses`. All undefined for a Unix socket. */
export function addressFields(addresses: string): AddressFields {
  const [remoteAddress, remotePort, remoteFamily, localAddress, localPort] = addresses
    .split(' ')
    .map((field) => (field === '' ? undefined : field));
  return {
    remoteAddress,
    remotePort: remotePort === undefined ? undefined : Number(remotePort),
    remoteFamily,
    localAddress,
    localPort: localPort === undefined ? undefined : Number(localPort),
  };
}
