import {isAbsolute, relative, resolve} from 'node:path';
import {flowList, flowText} from './yaml-lines.ts';

/** A map of YAML. */
export type YamlMap = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is YamlMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];

/** `KEY=VALUE` words of a list or of a map; `KEY` alone for a value that the shell has. */
export const pairsOf = (value: unknown): readonly string[] =>
  isMap(value)
    ? Object.entries(value).map(([name, one]) => (one === null || one === undefined ? name : `${name}=${String(one)}`))
    : listOf(value).map(String);

const switches = new Set(['--oom-kill-disable', '--privileged', '--read-only', '--interactive', '--tty']);

/** A key as options of `docker run`; undefined for a form that the option does not have. */
export function optionWords(option: string, key: string, given: unknown): readonly string[] | undefined {
  if (switches.has(option)) return given === true || given === 'true' ? [option] : [];
  if (key === 'ulimits' && isMap(given))
    return Object.entries(given).flatMap(([name, one]) => [
      option,
      isMap(one)
        ? `${name}=${[one['soft'] ?? one['hard'], one['hard'] ?? one['soft']].map(String).join(':')}`
        : `${name}=${String(one)}`,
    ]);
  if (key === 'extra_hosts') return pairsOf(given).flatMap((one) => [option, one.replace('=', ':')]);
  if (key === 'devices')
    return listOf(given).flatMap((one) => [
      option,
      isMap(one)
        ? [one['source'], one['target'], one['permissions']].filter((part) => part !== undefined).join(':')
        : String(one),
    ]);
  if (listOf(given).some(isMap) && !isMap(given)) return undefined;
  return pairsOf(given).flatMap((one) => [option, one]);
}

/** A port of TCP. */
export interface Port {
  readonly target: number;
  readonly published?: string;
  readonly address?: string;
}

/** A port, or what it is instead. */
export type PortReading = Port | {readonly text: string; readonly reason: string};

/** Reads `ports` or `expose`, in the short form and in the long one. */
export const portsOf = (given: unknown): readonly PortReading[] => listOf(given).map(portOf);

function portOf(one: unknown): PortReading {
  const text = isMap(one) ? String(one['target']) : String(one);
  if (text.endsWith('/udp') || (isMap(one) && one['protocol'] === 'udp'))
    return {text, reason: 'a load balancer of HTTP serves no UDP'};
  const parts = isMap(one)
    ? {address: one['host_ip'], published: one['published'], target: text}
    : /^(?:(?:(?<address>.*):)?(?<published>\d+)?:)?(?<target>\d+)(?:\/tcp)?$/.exec(text)?.groups;
  const {address, published, target = ''} = parts ?? {};
  if (!/^\d+$/.test(target)) return {text, reason: 'a service has one port, and no range of them'};
  return {
    target: Number(target),
    ...(published === undefined || !/^\d+$/.test(String(published)) ? {} : {published: String(published)}),
    ...(address === undefined || address === '' ? {} : {address: String(address).replace(/^\[(.*)\]$/, '$1')}),
  };
}

/** A volume, or a directory of the host. */
export interface Mount {
  readonly target: string;
  /** The name of a volume. */
  readonly volume?: string;
  /** Words of `docker run` for anything else. */
  readonly words: readonly string[];
  /** What is not taken of it. */
  readonly reason?: string;
}

/** The directory of the service, and that of the Compose file, by which its paths go. */
export interface Places {
  readonly directory: string;
  readonly base: string;
}

const code = 'the image has the code; `entrypoint run` reloads it on a laptop';

/** Reads one of `volumes`, in the short form or the long one. */
export function mountOf(one: unknown, places: Places): Mount {
  if (!isMap(one)) {
    const [source = '', target, flags] = String(one).split(/:(?=[^\\]|$)/);
    if (target === undefined)
      return {target: source, words: [], reason: 'it has no name: a new release would not find it'};
    return isPath(source)
      ? bind(source, target, flags === undefined ? '' : `:${flags}`, places)
      : named(source, target, flags);
  }
  const [type, source, target] = [one['type'], one['source'], String(one['target'])];
  if (type === 'tmpfs') return {target, words: ['--tmpfs', target]};
  if (type === 'volume' && source !== undefined)
    return named(String(source), target, one['read_only'] === true ? 'ro' : undefined);
  if (type === 'bind') return bind(String(source), target, one['read_only'] === true ? ':ro' : '', places);
  return {
    target,
    words: [],
    reason: type === 'volume' ? 'it has no name: a new release would not find it' : `no setting mounts ${String(type)}`,
  };
}

const isPath = (source: string): boolean => /^[./~\\]|^[A-Za-z]:[\\/]/.test(source);

const named = (source: string, target: string, flags: string | undefined): Mount => ({
  target,
  volume: dashed(source),
  words: [],
  ...(flags === undefined || flags === 'rw' ? {} : {reason: `a volume has no options: ${flags}`}),
});

/** Names in deploy.yaml have dashes only. */
export const dashed = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');

function bind(source: string, target: string, flags: string, {directory, base}: Places): Mount {
  if (source.startsWith('~'))
    return {target, words: [], reason: `only a shell knows ${source}: write its path in full`};
  const path = resolve(base, source);
  const inside = relative(path, directory);
  // A mount of the directory, or of one around it, is for development.
  if (!inside.startsWith('..') && !isAbsolute(inside)) return {target, words: [], reason: code};
  return {target, words: ['--volume', `${isAbsolute(source) ? source : hereOf(directory, path)}:${target}${flags}`]};
}

/** A path as the directory of the service has it: deploys run there. */
export function hereOf(directory: string, path: string): string {
  const text = relative(directory, path);
  return text.startsWith('..') ? text : `./${text}`;
}

/** A request by curl or wget is a path; anything else is a command. */
export function healthOf(given: YamlMap): string | undefined {
  if (given['disable'] === true) return '{tcp: true}';
  const test = given['test'];
  if (test === undefined) return undefined;
  const words = Array.isArray(test) ? test.map(String) : ['CMD-SHELL', String(test)];
  if (words[0] === 'NONE') return '{tcp: true}';
  const url = /https?:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?(\/[^\s"'|;)]*)?/.exec(words.join(' '));
  if (url !== null) return `{path: ${flowText(url[1] ?? '/')}, status: 100-399}`;
  const command = words[0] === 'CMD-SHELL' ? ['sh', '-c', words.slice(1).join(' ')] : words.slice(1);
  return `{command: ${flowList(command)}}`;
}

/** `1.5gb`, or bytes, as docker has it. */
export function memoryOf(value: unknown): string {
  const text = String(value).toLowerCase();
  return /^\d+$/.test(text) ? `${Math.ceil(Number(text) / 1048576)}m` : text.replace(/(\d)([kmg])i?b$/, '$1$2');
}
