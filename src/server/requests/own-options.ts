import {createServer, type Server} from 'node:http';
import type {Settings} from '../settings/settings.ts';

/** Options that a service sets on its own server and that concern the parser and the connections. */
export type OwnOptions = Readonly<Partial<Record<(typeof connectionOptions)[number] | Limit, unknown>>>;

/** Those that count as the service sets them. A server in a pool thread has neither the parser nor the connections. */
const connectionOptions = [
  'dropMaxConnection',
  'httpValidation',
  'insecureHTTPParser',
  'keepAlive',
  'keepAliveInitialDelay',
  'keepAliveTimeoutBuffer',
  'maxConnections',
  'maxHeadersCount',
  'maxRequestsPerSocket',
  'noDelay',
  'requireHostHeader',
] as const;

type Limit = 'headersTimeout' | 'keepAliveTimeout' | 'maxHeaderSize' | 'requestTimeout';

/** Those that the operator's settings replace, @see limitServer. */
const limits: Readonly<
  Record<Limit, {readonly setting: keyof LimitSettings; readonly flag: string; readonly unit: number}>
> = {
  headersTimeout: {setting: 'headersTimeout', flag: '--headers-timeout', unit: 1000},
  keepAliveTimeout: {setting: 'keepAlive', flag: '--keep-alive', unit: 1000},
  maxHeaderSize: {setting: 'maxHeaderSize', flag: '--max-header-size', unit: 1},
  requestTimeout: {setting: 'requestTimeout', flag: '--request-timeout', unit: 1000},
};

type LimitSettings = Pick<Settings, 'headersTimeout' | 'requestTimeout' | 'keepAlive' | 'maxHeaderSize'>;

/** Fastify sets these on every server, also where the service does not. */
const frameworkDefaults: Readonly<Partial<Record<Limit, number>>> = {keepAliveTimeout: 72_000, requestTimeout: 0};

/** What a service has set on its server: the options that differ from Node's defaults. */
export function ownOptions(server: Server): OwnOptions {
  const own = server as unknown as Readonly<Record<string, unknown>>;
  const plain = createServer() as unknown as Readonly<Record<string, unknown>>;
  const names = [...connectionOptions, ...Object.keys(limits)];
  const set = names.filter((name) => own[name] !== plain[name] && isPlain(own[name]));
  return Object.fromEntries(set.map((name) => [name, own[name]]));
}

/** A value that can be passed to another thread. */
const isPlain = (value: unknown): boolean => ['boolean', 'number', 'string'].includes(typeof value);

/** Sets the options of a service's server on the one that has the connections. */
export function applyOwnOptions(server: Server, own: OwnOptions): void {
  Object.assign(server, Object.fromEntries(Object.entries(own).filter(([name]) => !(name in limits))));
}

/** Names the limits of a service's own server that do not count; undefined if there are none. */
export function replacedLimits(
  own: OwnOptions,
  settings: LimitSettings,
): {readonly message: string; readonly fix: string} | undefined {
  const replaced = (Object.keys(limits) as Limit[]).filter((name) => {
    const {setting, unit} = limits[name];
    // Node lowers it to `requestTimeout` by itself.
    if (name === 'headersTimeout' && own.headersTimeout === own.requestTimeout) return false;
    return own[name] !== undefined && own[name] !== frameworkDefaults[name] && own[name] !== settings[setting] * unit;
  });
  if (replaced.length === 0) return undefined;
  const values = replaced.map(
    (name) => `${name} ${String(own[name])} (here ${settings[limits[name].setting] * limits[name].unit})`,
  );
  const flags = replaced.map((name) => `${limits[name].flag}=${Number(own[name]) / limits[name].unit}`);
  return {
    message: `limits set on the service's own http.Server are ignored: ${values.join(', ')}`,
    fix: `set ${flags.join(' ')}, or remove them from the service`,
  };
}
