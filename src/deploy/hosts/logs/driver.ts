import {dockerInspect} from '../../../commands/docker/index.ts';
import type {HostConnection} from '../connection.ts';

/** Where a container's log goes. */
export interface LogDriver {
  readonly type: string;
  readonly options: Readonly<Record<string, string>>;
}

/** Reads the log driver of a container. */
export async function driverOf({context: {run}}: HostConnection, container: string): Promise<LogDriver> {
  const {stdout} = await run.read(dockerInspect(container, '{{json .HostConfig.LogConfig}}'));
  const {Type: type = '', Config: options} = (JSON.parse(stdout.trim() || '{}') ?? {}) as {
    readonly Type?: string;
    readonly Config?: Readonly<Record<string, string>> | null;
  };
  return {type, options: options ?? {}};
}

/** Drivers of which the engine keeps every line until it is rotated. */
const kept: ReadonlySet<string> = new Set(['', 'json-file', 'local', 'journald']);

/** Options that say where lines are; no other, since those can be secrets. */
const places = [
  'syslog-address',
  'splunk-url',
  'splunk-index',
  'fluentd-address',
  'gelf-address',
  'awslogs-group',
  'awslogs-region',
  'gcp-project',
  'tag',
];

/** Where to look for lines that the host does not keep; undefined: it keeps them. */
export function elsewhere({type, options}: LogDriver): string | undefined {
  if (kept.has(type)) return undefined;
  if (type === 'none') return 'its log driver is none: no line is kept anywhere';
  const found = places.flatMap((name) =>
    options[name] === undefined ? [] : [`${name} ${withoutLogin(options[name])}`],
  );
  const where = found.length === 0 ? type : `${type}, ${found.join(', ')}`;
  return options['cache-disabled'] === 'true'
    ? `its lines are not on the host; look there: ${where}`
    : `the host has only its last lines; all are here: ${where}`;
}

const withoutLogin = (address: string): string => address.replace(/\/\/[^/@]*@/, '//');
