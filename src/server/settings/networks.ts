import {isIP} from 'node:net';

/** An address, or a network with the length of its prefix in bits. */
export interface Network {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  /** Undefined for a single address. */
  readonly prefix: number | undefined;
}

/** Reads a list such as `127.0.0.1,10.0.0.0/8,fd00::/8`; `*` for every address. Undefined if an element is neither. */
export function parseNetworks(text: string): readonly Network[] | '*' | undefined {
  const words = text.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]));
  if (words.includes('*')) return '*';
  const networks = words.map(parseNetwork);
  return networks.every((network) => network !== undefined) ? networks : undefined;
}

function parseNetwork(text: string): Network | undefined {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const prefix = bits === undefined ? undefined : Number(bits);
  if (version === 0 || (prefix ?? 0) > (version === 4 ? 32 : 128)) return undefined;
  return {address, family: version === 4 ? 'ipv4' : 'ipv6', prefix};
}
