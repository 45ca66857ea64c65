import {flowList, flowText} from './yaml-lines.ts';

/** A map of YAML. */
export type YamlMap = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is YamlMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** `KEY=VALUE` words of a list or of a map. */
export const pairsOf = (value: unknown): readonly string[] =>
  isMap(value) ? Object.entries(value).map(([name, one]) => `${name}=${String(one ?? '')}`) : listOf(value).map(String);

const switches = new Set(['--oom-kill-disable', '--privileged', '--read-only', '--interactive', '--tty']);

/** A key as options of `docker run`. */
export function optionWords(option: string, key: string, given: unknown): readonly string[] {
  if (switches.has(option)) return given === true || given === 'true' ? [option] : [];
  if (key === 'ulimits' && isMap(given))
    return Object.entries(given).flatMap(([name, one]) => [
      option,
      `${name}=${isMap(one) ? `${String(one['soft'])}:${String(one['hard'])}` : String(one)}`,
    ]);
  if (key === 'extra_hosts') return pairsOf(given).flatMap((one) => [option, one.replace('=', ':')]);
  if (key === 'devices')
    return listOf(given).flatMap((one) => [
      option,
      isMap(one)
        ? [one['source'], one['target'], one['permissions']].filter((part) => part !== undefined).join(':')
        : String(one),
    ]);
  if (key === 'env_file') return listOf(given).flatMap((one) => [option, String(isMap(one) ? one['path'] : one)]);
  if (key === 'gpus') return [option, given === 'all' ? 'all' : JSON.stringify(given)];
  return pairsOf(given).flatMap((one) => [option, one]);
}

/** A port of TCP. */
export interface Port {
  readonly target: number;
  readonly published?: string;
  readonly address?: string;
}

export function portsOf(given: unknown): readonly Port[] {
  return listOf(given).flatMap((one): readonly Port[] => {
    if (isMap(one)) {
      if (one['protocol'] === 'udp') return [];
      const {published, host_ip: address} = one;
      return [
        {
          target: Number(one['target']),
          ...(published === undefined ? {} : {published: String(published)}),
          ...(address === undefined ? {} : {address: String(address)}),
        },
      ];
    }
    const text = String(one);
    if (text.endsWith('/udp')) return [];
    const [, address, published, target = ''] = /^(?:(?:(.*):)?(\d+|\$\{[^}]*\}):)?(\d+)(?:\/tcp)?$/.exec(text) ?? [];
    if (target === '') return [];
    const plain = published?.replace(/^\$\{\w+:?-(\d+)\}$/, '$1');
    return [
      {
        target: Number(target),
        ...(plain === undefined || !/^\d+$/.test(plain) ? {} : {published: plain}),
        ...(address === undefined ? {} : {address}),
      },
    ];
  });
}

/** A volume, or a directory of the host. */
export interface Mount {
  readonly source: string | undefined;
  readonly target: string;
  readonly isNamed: boolean;
  readonly words: readonly string[];
}

export function mountOf(one: unknown): Mount {
  if (isMap(one)) {
    const [type, source, target] = [one['type'], one['source'], String(one['target'])];
    const isNamed = type === 'volume' && source !== undefined;
    const tmpfs = type === 'tmpfs' ? ['--tmpfs', target] : [];
    const bind =
      type === 'bind' ? ['--volume', `${String(source)}:${target}${one['read_only'] === true ? ':ro' : ''}`] : [];
    return {source: source === undefined ? undefined : String(source), target, isNamed, words: [...tmpfs, ...bind]};
  }
  const [source = '', target] = String(one).split(':');
  if (target === undefined) return {source: undefined, target: source, isNamed: false, words: []};
  const isNamed = /^[A-Za-z0-9]/.test(source);
  return {source, target, isNamed, words: isNamed ? [] : ['--volume', String(one)]};
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
