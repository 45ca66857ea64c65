import * as fc from 'fast-check';
import type {Value} from './emit.ts';

// Files that must deploy: every setting within what the documentation allows.

export type Settings = Readonly<Record<string, Value>>;

/** A deploy.yaml whose environment `prod` is complete. */
export interface DeployFileModel {
  readonly file: Settings;
  readonly prod: Settings;
}

/** What stays the same in all files, for example because real machines exist. */
export interface Given {
  readonly service: string;
  readonly registry?: string;
  /** Hosts and balancers to choose from; default: those of {@link destinations}. */
  readonly hosts?: readonly string[];
  readonly image?: string;
  /** For deploys that take place: without what no host has, and without long waits. Default false. */
  readonly real?: boolean;
}

const destinations = [
  'h1',
  'deploy@h2',
  'ssh://deploy@h3:2222',
  'DOMAIN\\user@h4',
  'deploy@2001:db8::5',
  'deploy@[2001:db8::6]',
  'ssh://deploy@[2001:db8::7]:2222',
  'h7.example.com',
  'Administrator@H8',
];
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/);
const variable = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/).filter((name) => !/^(?:PORT|PATH|HOME|HOST)$/.test(name));
/** Texts that a shell, YAML, docker or HAProxy could misread. */
export const text = fc
  .oneof(
    fc.string({maxLength: 12}),
    fc.string({unit: 'binary', maxLength: 8}),
    fc.constantFrom(
      '',
      ' ',
      '-',
      '--rm',
      '$HOME',
      '`id`',
      "it's",
      '"',
      'a b',
      'a\nb',
      '#',
      '%[x]',
      '0123',
      'null',
      'ü',
      '~',
      '\\',
    ),
  )
  .filter((one) => !one.includes('\0') && one.isWellFormed());
const path = fc.constantFrom('/', '/readyz', '/a/b.html', '/~me/x', '/a?x=1&y=2', '/with-dash_and.dot');
const seconds = fc.integer({min: 0, max: 86_400});
const few = <T>(one: fc.Arbitrary<T>, maxLength = 3): fc.Arbitrary<T[]> => fc.array(one, {maxLength});
const map = <T>(key: fc.Arbitrary<string>, one: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(key, one, {maxKeys: 4, noNullPrototype: true});
const some = (entries: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Settings> =>
  fc.record(entries, {requiredKeys: [], noNullPrototype: true}) as fc.Arbitrary<Settings>;

const dockerOptions = fc
  .subarray([
    ['--read-only', '--tmpfs', '/scratch'],
    ['--cap-add=NET_BIND_SERVICE'],
    ['-e', 'DEBUG=1'],
    ['--env=A=b c'],
    ['--add-host', 'db:10.0.0.9'],
    ['--shm-size', '64m'],
    ['--init=false'],
    ['-u', '10001'],
    ['--publish', '80'],
    ['--hostname', 'shop'],
    ['--ulimit=nofile=1024:2048'],
    ['-qe', 'B=c'],
    ['--sysctl', 'net.core.somaxconn=1024'],
    ['--security-opt=no-new-privileges'],
  ])
  .map((chosen) => chosen.flat());

const route = fc.oneof(
  fc.record({host: fc.constantFrom('shop.example.com', '*.example.com', 'a.b')}),
  fc.record({path: fc.constantFrom('/api', '/a/b/', '/')}),
  fc.record({host: fc.constant('x.example.com'), path: fc.constant('/api')}),
  fc.record({host: fc.constantFrom('[2001:db8::5]', '192.0.2.1')}),
);
const balancer = some({
  address: fc.constantFrom('127.0.0.1', '0.0.0.0', '::', '::1', '2001:db8::5'),
  routes: few(route),
  acme: fc.constantFrom('10.0.0.9:8402', 'certbot:80', '[2001:db8::9]:8402'),
  slow_start_seconds: fc.integer({min: 0, max: 600}),
  timeout_seconds: fc.integer({min: 1, max: 3600}),
  trusted_proxies: few(fc.constantFrom('10.0.0.0/8', '192.0.2.1', '2001:db8::/32', '::1')),
  maintenance_page: text.filter((one) => one !== ''),
});

const backing = {
  db: {image: 'entrypoint/postgres:17', ready: ['pg_isready'], volumes: {data: '/var/lib/postgresql'}},
  'cache-1': {
    image: '127.0.0.1:5000/team/redis@sha256:'.concat('a'.repeat(64)),
    ready: ['true'],
    ready_timeout_seconds: 5,
  },
  app: {
    image: 'docker.io/library/nginx',
    ready: ['true'],
    volumes: {html: '/srv'},
    command: ['nginx', '-g', 'daemon off;'],
  },
};

const common = some({
  environment: map(variable, text),
  secrets: map(variable, fc.oneof(fc.record({env: variable}), fc.record({file: fc.constant('key.pem')}))),
  before: few(fc.constantFrom('migrate', 'seed_all', 'db.migrate', 'a-1')),
  after: few(fc.constantFrom('test_sanity', 'warm-up')),
  replicas: fc.integer({min: 1, max: 4}),
  keep_releases: fc.integer({min: 1, max: 50}),
  ready_timeout_seconds: seconds,
  drain_timeout_seconds: seconds,
  stop_timeout_seconds: seconds,
  watch_seconds: fc.oneof(seconds, fc.constant(0.5)),
  batch: fc.constantFrom<Value>('all', 1, '25%', '100%', 3),
  parallel: fc.integer({min: 1, max: 1000}),
  memory: fc.constantFrom('6m', '256m', '1G', '7340032b'),
  cpus: fc.constantFrom(0.01, 0.5, 1, 1.123456789),
  volumes: fc
    .uniqueArray(fc.constantFrom('/data', '/var/lib/x', '/srv/a b'.replace(' ', '-'), '/up/../loads'), {maxLength: 3})
    .map((paths) => Object.fromEntries(paths.map((one, index) => [`v${index}`, one]))),
  labels: map(fc.constantFrom('team', 'com.example.owner', 'a/b'), text),
  network: fc.constantFrom('backend', 'my_net.1'),
  docker_options: dockerOptions,
  log: fc.constantFrom<Value>(
    {driver: 'json-file', options: {'max-size': '10m'}},
    {driver: 'local'},
    {driver: 'gelf', options: {'gelf-address': 'udp://10.0.0.9:12201'}},
  ),
});

/** How the balancers are placed. */
const topology = (
  hosts: readonly string[],
): fc.Arbitrary<{hosts: readonly Value[]; balancer: Settings; backing: boolean}> =>
  fc.oneof(
    fc.constant({hosts: ['local'], balancer: {}, backing: true}),
    fc.constant({hosts: [hosts[0] ?? 'h1'], balancer: {port: 8080}, backing: true}),
    fc.record({
      hosts: fc.subarray([...hosts], {minLength: 1}),
      balancer: fc.constantFrom<Settings>(
        {port: 80},
        {port: 0},
        {name: 'edge', port: 8080},
        {own: {url: 'https://shop.example.com'}},
      ),
      backing: fc.constant(false),
    }),
    fc.subarray([...hosts], {minLength: 2}).map(([first = '', ...others]) => ({
      hosts: others.map(
        (host, index) =>
          [host, {host, address: `10.1.0.${index}`}, {host, address: `2001:db8:1::${index}`}][index % 3] ?? host,
      ),
      balancer: {hosts: [first], port: 80},
      backing: false,
    })),
  );

/** What a real service, without tasks and backing services, can have, and in a short time. */
const limits: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  before: fc.constant([]),
  after: fc.constant([]),
  secrets: fc.constant({}),
  replicas: fc.constantFrom(1, 2),
  ready_timeout_seconds: fc.constant(90),
  watch_seconds: fc.constantFrom(0, 0.5),
  stop_timeout_seconds: fc.constantFrom(1, 20),
  memory: fc.constantFrom('256m', '1G'),
  cpus: fc.constantFrom(0.5, 1),
};
const realLimits = fc.record(limits, {noNullPrototype: true});

export const validFile = ({
  service,
  registry,
  hosts = destinations,
  image,
  real = false,
}: Given): fc.Arbitrary<DeployFileModel> =>
  fc
    .record({
      top: some({health: path, port: fc.integer({min: 1, max: 65_535}), 'x-note': text}),
      place: real
        ? topology(hosts).filter(({balancer: {own}, hosts: [first]}) => own === undefined && first !== 'local')
        : topology(hosts),
      common,
      balancer,
      limited: real ? realLimits : fc.constant({}),
      wanted: real ? fc.constant<string[]>([]) : fc.subarray(Object.keys(backing)),
      others: fc.dictionary(
        word.filter((name) => name !== 'prod'),
        fc.constant({replicas: 2}),
        {maxKeys: 2, noNullPrototype: true},
      ),
    })
    .map(({top, place, common: settings, balancer: itsBalancer, wanted, limited, others}) => {
      const own = place.balancer['own'] !== undefined;
      const {routes, acme, ...plain} = itsBalancer as Record<string, Value>;
      const loadBalancer = {
        ...(own ? plain : {...plain, ...(routes === undefined ? {} : {routes}), ...(acme === undefined ? {} : {acme})}),
        ...place.balancer,
        // Real hosts have no IPv6 outside.
        ...(real
          ? {slow_start_seconds: 0, ...(String(plain['address']).includes(':') ? {address: '0.0.0.0'} : {})}
          : {}),
        ...(image === undefined ? {} : {image}),
      };
      const names = place.backing ? wanted : [];
      const prod = {
        ...settings,
        ...limited,
        // No host has the addresses that are generated.
        hosts: real ? place.hosts.map(nameOf) : place.hosts,
        load_balancer: loadBalancer,
        ...(names.length === 0 ? {} : {backing_services: Object.fromEntries(names.map((name) => [name, {}]))}),
      };
      const file = {
        service,
        ...(registry === undefined ? {} : {registry}),
        ...top,
        ...(real ? {health: '/readyz', port: 3000} : {}),
        backing_services: backing,
        environments: {...others, prod},
      };
      return {file: file as unknown as Settings, prod: prod as unknown as Settings};
    });

const nameOf = (host: Value): Value => (typeof host === 'object' && 'host' in host ? host.host : host) as Value;
