// How the health of a replica is checked: one value, by which the load balancer, `check`, the tests' stack and docker ask.
// Plain JSON, since balancers and containers store it. Nothing here knows who asks: probes of other platforms can be made
// of the same value.

/** A GET request, and what its answer must have. */
export interface HttpCheck {
  readonly kind: 'http';
  readonly path: string;
  /** Names in lower case. Empty: HTTP/1.0 without Host. @see pathCheck */
  readonly headers: Readonly<Record<string, string>>;
  /** Codes and ranges: `200`, `200-299,304`. */
  readonly status: string;
  /** Patterns of headers of the answer. Names in lower case. */
  readonly answer: Readonly<Record<string, string>>;
  /** Pattern of the body. Empty: any. */
  readonly body: string;
}

/** The port accepts connections. */
export interface TcpCheck {
  readonly kind: 'tcp';
}

/** The port accepts connections, and the command exits with 0 in the container. */
export interface CommandCheck {
  readonly kind: 'command';
  readonly words: readonly string[];
}

/** How the health of a replica is checked. */
export type HealthCheck = HttpCheck | TcpCheck | CommandCheck;

/** `health` of deploy.yaml: a path, or a map. */
export type DeclaredHealth =
  | string
  | {
      readonly path: string;
      readonly host?: string | undefined;
      readonly headers: Readonly<Record<string, string>>;
      readonly status: string;
      readonly response_headers: Readonly<Record<string, string>>;
      readonly body?: string | undefined;
      readonly tcp?: boolean | undefined;
      readonly command?: readonly string[] | undefined;
    };

/** The settings of a load balancer that name the service's host. */
export interface HostSettings {
  readonly routes: readonly {readonly host?: string | undefined}[];
  readonly own?: {readonly url: string} | undefined;
}

/** The host by which users know the service: that of the first route which has one, or of its URL. */
export function usersHost({routes, own}: HostSettings): string | undefined {
  if (own !== undefined) return new URL(own.url).host;
  const hosts = routes.flatMap(({host}) => (host === undefined ? [] : [host]));
  // Of `*.example.com`, any name.
  return hosts.find((host) => !host.startsWith('*')) ?? hosts[0]?.replace('*', 'www');
}

/** Status of a service whose health nothing declares: any below 500. */
export const anyAnswer = '100-499';

/**
 * The check of an environment. A service sees it as a request of its users: by their host, and over HTTPS.
 * @param host the users' host; undefined: none is known
 */
export function healthCheckOf(declared: DeclaredHealth, host: string | undefined): HealthCheck {
  const {
    tcp,
    command,
    path,
    host: own,
    headers,
    status,
    response_headers: answer,
    body,
  } = typeof declared === 'string'
    ? {...plain, path: declared, host: undefined, tcp: undefined, command: undefined, body: undefined}
    : declared;
  if (tcp === true) return {kind: 'tcp'};
  if (command !== undefined) return {kind: 'command', words: command};
  const name = own ?? host ?? 'localhost';
  return {
    kind: 'http',
    path,
    headers: {host: name, 'x-forwarded-proto': 'https', ...lowerNames(headers)},
    status,
    answer: lowerNames(answer),
    body: body ?? '',
  };
}

/**
 * The check of a service outside its environments: in tests, and by `entrypoint check`. The users' host is that of the first
 * environment which has one.
 * @example
 * const check = serviceHealth((await readService(context)).deployFile); // {kind: 'http', path: '/readyz', ...}
 */
export function serviceHealth({
  health,
  environments,
}: {
  readonly health: DeclaredHealth;
  readonly environments: Readonly<Record<string, {readonly load_balancer: HostSettings}>>;
}): HealthCheck {
  const hosts = Object.values(environments).map(({load_balancer: settings}) => usersHost(settings));
  return healthCheckOf(
    health,
    hosts.find((host) => host !== undefined),
  );
}

const plain = {headers: {}, status: '200', response_headers: {}};

const lowerNames = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** The check of releases that were deployed when `health` could only be a path. */
export const pathCheck = (path: string): HttpCheck => ({
  kind: 'http',
  path,
  headers: {},
  status: '200',
  answer: {},
  body: '',
});

/** Whether it is a {@link pathCheck}. */
export const isPathCheck = (check: HealthCheck): check is HttpCheck =>
  check.kind === 'http' &&
  check.status === '200' &&
  check.body === '' &&
  Object.keys({...check.headers, ...check.answer}).length === 0;

/**
 * A {@link pathCheck} with the headers of another check: its release has users, who send them. So that both releases can
 * be checked in the same way.
 */
export const withHeadersOf = (check: HealthCheck, other: HealthCheck): HealthCheck =>
  isPathCheck(check) && other.kind === 'http' ? {...check, headers: other.headers} : check;

/** Normalizes status codes: `2xx, 304` to `200-299,304`. Undefined for a text that is none. */
export function statusText(codes: string): string | undefined {
  const parts = codes.split(',').map((part) => {
    const [, hundreds] = /^\s*([1-5])xx\s*$/i.exec(part) ?? [];
    if (hundreds !== undefined) return `${hundreds}00-${hundreds}99`;
    const [, first = '', last = first] = /^\s*([1-5]\d\d)(?:-([1-5]\d\d))?\s*$/.exec(part) ?? [];
    return first === '' || last < first ? undefined : first === last ? first : `${first}-${last}`;
  });
  return parts.includes(undefined) ? undefined : parts.join(',');
}

/** The first and last codes of each range of a status. */
export const statusRanges = (status: string): (readonly [number, number])[] =>
  status.split(',').map((part) => {
    const [first = '', last = first] = part.split('-');
    return [Number(first), Number(last)];
  });

/** What is asked, for people: `GET /readyz (Host: shop.example.com)`. */
export function questionText(check: HealthCheck, port: number): string {
  if (check.kind === 'tcp') return `a connection to port ${port}`;
  if (check.kind === 'command') return `\`${check.words.join(' ')}\` in the container`;
  const host = check.headers['host'];
  return `GET ${check.path}${host === undefined || host === 'localhost' ? '' : ` (Host: ${host})`}`;
}

/** What the service must do to be healthy, after `make`. */
export function goalText(check: HealthCheck, port: number): string {
  if (check.kind === 'tcp') return `port ${port} accept connections`;
  if (check.kind === 'command')
    return `\`${check.words.join(' ')}\` exit with 0 in the container, and port ${port} accept connections`;
  const more = [
    ...Object.entries(check.answer).map(([name, pattern]) => `a header ${name} that matches ${pattern}`),
    ...(check.body === '' ? [] : [`a body that matches ${check.body}`]),
  ];
  const host = check.headers['host'];
  return [
    `GET ${check.path} on port ${port}`,
    ...(host === undefined || host === 'localhost' ? [] : [`with Host: ${host}`]),
    `answer ${check.status}`,
    ...(more.length === 0 ? [] : [`with ${more.join(' and ')}`]),
  ].join(' ');
}

/** The request as bytes. */
export function requestText({path, headers}: HttpCheck): string {
  const lines = Object.entries(headers).map(([name, value]) => `${capitalized(name)}: ${value}`);
  const version = lines.length === 0 ? '1.0' : '1.1';
  return [`GET ${path} HTTP/${version}`, ...lines, 'Connection: close', '', ''].join('\r\n');
}

const capitalized = (name: string): string => name.replaceAll(/(?:^|-)[a-z]/g, (part) => part.toUpperCase());

/**
 * The variables by which HEALTHCHECK of the project's images asks whether a service is alive (images/node/health-check):
 * those that differ from its defaults.
 */
export function aliveEnvironment(check: HealthCheck, alive: string): Record<string, string> {
  const {host = 'localhost', 'x-forwarded-proto': proto = 'https'} = check.kind === 'http' ? check.headers : {};
  return {
    ...(host === 'localhost' ? {} : {HEALTH_HOST: host}),
    ...(proto === 'https' ? {} : {HEALTH_PROTO: proto}),
    ...(alive === '/healthz' ? {} : {HEALTH_PATH: alive}),
  };
}

/**
 * A command of the service's own as text for `sh -c` in its container: as webuser where the image has one, as its user
 * elsewhere.
 */
export const commandText = (words: string): string =>
  `if command -v start-as-webuser >/dev/null; then exec start-as-webuser --exec ${words}; else exec ${words}; fi`;
