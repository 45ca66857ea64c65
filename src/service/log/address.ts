import {isIP} from 'node:net';

// Addresses of log endpoints, in the forms that Docker's drivers take.

/** Where a log driver connects to. */
export type Endpoint =
  | {readonly kind: 'tcp' | 'tls' | 'udp' | 'http' | 'https'; readonly host: string; readonly port: number}
  | {readonly kind: 'unix'; readonly path: string};

/** The addresses that an option takes. */
export interface AddressForm {
  /** Schemes, each with the kind of endpoint. */
  readonly schemes: Readonly<Record<string, Endpoint['kind']>>;
  /** The scheme of an address without one. Default: an address has one. */
  readonly without?: string;
  /** Undefined: an address has a port. By scheme, where they differ. */
  readonly port?: number | Readonly<Record<string, number>>;
  readonly example: string;
}

export const syslogAddress: AddressForm = {
  schemes: {tcp: 'tcp', 'tcp+tls': 'tls', udp: 'udp', unix: 'unix', unixgram: 'unix'},
  port: 514,
  example: 'tcp+tls://logs.example.com:6514',
};
export const fluentdAddress: AddressForm = {
  schemes: {tcp: 'tcp', tls: 'tls', unix: 'unix'},
  without: 'tcp',
  port: 24_224,
  example: 'logs.example.com:24224',
};
export const gelfAddress: AddressForm = {schemes: {tcp: 'tcp', udp: 'udp'}, example: 'udp://logs.example.com:12201'};
/** The driver takes no path, query or user either. */
export const httpAddress: AddressForm = {
  schemes: {https: 'https', http: 'http'},
  port: {https: 443, http: 80},
  example: 'https://splunk.example.com:8088',
};

const named = /^(?:([a-z0-9+]+):\/\/)?(?:\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?)\]|([^\s/:@[\]?#]+))(?::(\d+))?\/?$/i;
const hostName = /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?$/;

/** The endpoint of an address; undefined for a text that is no address of this form. */
export function endpointOf(text: string, {schemes, without, port}: AddressForm): Endpoint | undefined {
  const [, socket = '', path] = /^(unix|unixgram):\/\/(\/[^\s?#]*[^\s?#/])$/.exec(text) ?? [];
  if (path !== undefined) return schemes[socket] === 'unix' ? {kind: 'unix', path} : undefined;
  const [whole, scheme = without ?? '', six, name, digits] = named.exec(text) ?? [];
  const kind = schemes[scheme.toLowerCase()];
  const number = digits === undefined ? (typeof port === 'object' ? port[scheme.toLowerCase()] : port) : Number(digits);
  if (whole === undefined || kind === undefined || kind === 'unix' || number === undefined) return undefined;
  if (number < 1 || number > 65_535) return undefined;
  const host = six ?? name ?? '';
  const isHost = six === undefined ? (/^[\d.]+$/.test(host) ? isIP(host) === 4 : hostName.test(host)) : isIP(six) === 6;
  return isHost ? {kind, host, port: number} : undefined;
}

/** What is wrong with an address, as the end of a sentence; undefined if nothing is. */
export function wrongAddress(text: string, form: AddressForm): string | undefined {
  if (endpointOf(text, form) !== undefined) return undefined;
  const [, scheme] = /^([a-z0-9+]+):\/\//i.exec(text) ?? [];
  const known = Object.keys(form.schemes);
  if (scheme !== undefined && !known.includes(scheme.toLowerCase()))
    return `must begin with ${known.map((one) => `${one}://`).join(', ')}, not ${scheme}://`;
  return `is no address, such as ${form.example}`;
}

/** `tcp://10.0.0.9:514`, for messages. */
export const endpointText = (endpoint: Endpoint): string =>
  endpoint.kind === 'unix'
    ? `unix://${endpoint.path}`
    : `${endpoint.kind}://${endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host}:${endpoint.port}`;
