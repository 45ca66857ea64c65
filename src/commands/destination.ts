import {type Words, wordsText} from '../shell/argv.ts';

/** The parts of an ssh destination. */
export interface Destination {
  /** Undefined: the user of ssh's configuration. */
  readonly user: string | undefined;
  /** A name, an address, or a Host of ssh's configuration; an IPv6 address without brackets. */
  readonly name: string;
  /** Undefined: the port of ssh's configuration. */
  readonly port: string | undefined;
}

/**
 * Reads an ssh destination: `h1`, `deploy@h1`, `DOMAIN\user@h1`, `deploy@2001:db8::1`, `ssh://deploy@h1:2222`. A user can
 * have an `@` in the name; in a URI its characters can be escaped with a percent sign.
 */
export function parseDestination(text: string): Destination {
  const isUri = text.startsWith('ssh://');
  const rest = isUri ? text.slice('ssh://'.length) : text;
  const at = rest.lastIndexOf('@');
  const [, name = '', port] = (isUri ? /^(.*?)(?::(\d+))?\/?$/ : /^(.*)$/).exec(rest.slice(at + 1)) ?? [];
  const user = at === -1 ? undefined : rest.slice(0, at);
  return {user: user !== undefined && isUri ? decoded(user) : user, name: name.replace(/^\[(.*)\]$/, '$1'), port};
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * The words by which ssh takes a destination. ssh takes URIs since version 7.7, but none with an IPv6 address.
 * @example
 * destinationWords('ssh://deploy@[2001:db8::1]:2222'); // ['-p', '2222', 'deploy@2001:db8::1']
 */
export function destinationWords(text: string): Words {
  const {user, name, port} = parseDestination(text);
  return [...(port === undefined ? [] : ['-p', port]), user === undefined ? name : `${user}@${name}`];
}

/**
 * A program of ssh's for a destination, as text to type.
 * @example
 * sshText('ssh://deploy@h1:2222'); // ssh -p 2222 deploy@h1
 */
export const sshText = (host: string, program = 'ssh'): string => wordsText([program, ...destinationWords(host)]);

/** A name for a host among others, of the characters that a balancer takes for the name of a server. */
export function hostKey(host: string): string {
  const {name, port} = parseDestination(host);
  return `${name}${port === undefined ? '' : `-${port}`}`.replaceAll(/[^A-Za-z0-9._:-]/g, '-');
}
