import type {Path, Value} from './emit.ts';
import type {DeployFileModel, Settings} from './valid.ts';

// One mistake at a time, of those that docker, HAProxy or a shell would find in the middle of a deploy.

/** A wrong value at a path; below `prod` unless the path begins with a slash. */
export interface Mistake {
  readonly at: readonly (string | number)[];
  readonly value: Value;
  /** Where the file is at fault. Default: at the value itself. */
  readonly fault?: Path;
  /** Settings that the mistake needs beside it. */
  readonly beside?: Settings;
}

const prod = (path: Path, value: Value, more: Partial<Mistake> = {}): Mistake => ({at: path, value, ...more});
const top = (path: Path, value: Value, more: Partial<Mistake> = {}): Mistake => ({at: ['/', ...path], value, ...more});
const option = (...words: readonly string[]): Mistake =>
  prod(['docker_options'], words, {fault: ['docker_options', 0]});

export const mistakes: readonly Mistake[] = [
  prod(['replicas'], 0),
  prod(['replicas'], 51),
  prod(['replicas'], 'two'),
  prod(['replicas'], 1.5),
  prod(['replica'], 2),
  prod(['keep_releases'], 0),
  prod(['batch'], '0%'),
  prod(['batch'], 'some'),
  prod(['parallel'], 0),
  prod(['stop_timeout_seconds'], 2.5),
  prod(['drain_timeout_seconds'], 0.1),
  prod(['ready_timeout_seconds'], {raw: '1e-3'}),
  prod(['ready_timeout_seconds'], -1),
  prod(['watch_seconds'], {raw: '.inf'}),
  prod(['memory'], '256'),
  prod(['memory'], 256),
  prod(['memory'], '5m'),
  prod(['memory'], '99999999999999999g'),
  prod(['cpus'], 0),
  prod(['cpus'], {raw: '.inf'}),
  prod(['cpus'], {raw: '.nan'}),
  prod(['cpus'], {raw: '1e21'}),
  prod(['cpus'], {raw: '0.12345678912'}),
  prod(['network'], 'host'),
  prod(['network'], 'none'),
  prod(['network'], 'container:db'),
  prod(['network'], 'my net'),
  prod(['volumes'], {v: '/data:ro'}, {fault: ['volumes', 'v']}),
  prod(['volumes'], {v: 'data'}, {fault: ['volumes', 'v']}),
  prod(['volumes'], {v: '/'}, {fault: ['volumes', 'v']}),
  prod(['volumes'], {v: '/a/..'}, {fault: ['volumes', 'v']}),
  prod(['volumes'], {v: '/data', w: '/data/'}, {fault: ['volumes', 'w']}),
  prod(['volumes'], {v: '/data', w: '/x/../data'}, {fault: ['volumes', 'w']}),
  prod(['volumes'], {'a/b': '/data'}, {fault: ['volumes', 'a/b']}),
  prod(
    ['volumes'],
    {html: '/data'},
    {
      fault: ['volumes', 'html'],
      beside: {hosts: ['local'], load_balancer: {}, backing_services: {app: {}}},
    },
  ),
  prod(['labels'], {'entrypoint.role': 'app'}, {fault: ['labels', 'entrypoint.role']}),
  prod(['labels'], {'a b': 'c'}, {fault: ['labels', 'a b']}),
  prod(['log'], {options: {a: 'b'}}),
  prod(['log'], {driver: 'x', options: {'a=b': 'c'}}, {fault: ['log', 'options', 'a=b']}),
  prod(['environment'], {'A-B': 'c'}, {fault: ['environment', 'A-B']}),
  prod(['environment'], {A: {raw: '"a\\0b"'}}, {fault: ['environment', 'A']}),
  prod(['environment'], {A: ['b']}, {fault: ['environment', 'A']}),
  prod(['environment'], {PORT: 0}, {fault: ['environment', 'PORT']}),
  prod(
    ['environment'],
    {A: 'x'.repeat(70_000)},
    {fault: ['environment', 'A'], beside: {hosts: ['h1'], load_balancer: {}}},
  ),
  prod(['environment'], {A: 'x'.repeat(140_000)}, {fault: ['environment', 'A']}),
  prod(['secrets'], {A: 'hunter2'}, {fault: ['secrets', 'A']}),
  prod(['secrets'], {A: {envv: 'B'}}, {fault: ['secrets', 'A']}),
  prod(['before'], ['migrate now'], {fault: ['before', 0]}),
  prod(['after'], ['warm', ''], {fault: ['after', 1]}),
  prod(['after'], ['../x'], {fault: ['after', 0]}),
  prod(['hosts'], []),
  prod(['hosts'], ['h1', 'local']),
  prod(['hosts'], ['h1', 'd@h1']),
  prod(['hosts'], ['h1:2222'], {fault: ['hosts', 0]}),
  prod(['hosts'], ['-oProxyCommand=x'], {fault: ['hosts', 0]}),
  prod(['hosts'], ['h1', 'a b'], {fault: ['hosts', 1]}),
  prod(['hosts'], [`${'a'.repeat(60)}.${'b'.repeat(62)}`, 'h2'], {
    fault: ['hosts', 0],
    beside: {load_balancer: {hosts: ['lb'], port: 80}},
  }),
  prod(['backing_services'], {nothing: {}}, {fault: ['backing_services', 'nothing']}),
  prod(['load_balancer'], {port: 65_536}, {fault: ['load_balancer', 'port']}),
  prod(['load_balancer'], {acme: '2001:db8::9:80'}, {fault: ['load_balancer', 'acme']}),
  prod(['load_balancer'], {acme: '[2001:db8]:80'}, {fault: ['load_balancer', 'acme']}),
  prod(['load_balancer'], {routes: [{host: '2001:db8::5'}]}, {fault: ['load_balancer', 'routes', 0, 'host']}),
  prod(['load_balancer'], {address: '[::1]'}, {fault: ['load_balancer', 'address']}),
  prod(['hosts'], [{host: 'h1', address: '10.0.0.2:80'}], {fault: ['hosts', 0, 'address']}),
  prod(['hosts'], [{host: 'h1', address: '2001:db8::g'}], {fault: ['hosts', 0, 'address']}),
  top(['health'], {host: '2001:db8::5'}, {fault: ['health', 'host']}),
  prod(['load_balancer'], {address: 'localhost'}, {fault: ['load_balancer', 'address']}),
  prod(['load_balancer'], {image: 'ACME:3'}, {fault: ['load_balancer', 'image']}),
  prod(['load_balancer'], {acme: 'certbot:99999'}, {fault: ['load_balancer', 'acme']}),
  prod(['load_balancer'], {trusted_proxies: ['300.0.0.1']}, {fault: ['load_balancer', 'trusted_proxies', 0]}),
  prod(
    ['load_balancer'],
    {trusted_proxies: ['10.0.0.0/8', '10.0.0.0/33']},
    {fault: ['load_balancer', 'trusted_proxies', 1]},
  ),
  prod(['load_balancer'], {trusted_proxies: ['abc']}, {fault: ['load_balancer', 'trusted_proxies', 0]}),
  prod(['load_balancer'], {routes: [{}]}, {fault: ['load_balancer', 'routes', 0]}),
  prod(['load_balancer'], {routes: [{host: `${'a'.repeat(64)}.com`}]}, {fault: ['load_balancer', 'routes', 0, 'host']}),
  prod(['load_balancer'], {routes: [{path: 'api'}]}, {fault: ['load_balancer', 'routes', 0, 'path']}),
  prod(['load_balancer'], {slow_start_seconds: 0.5}, {fault: ['load_balancer', 'slow_start_seconds']}),
  prod(['load_balancer'], {timeout_seconds: 0}, {fault: ['load_balancer', 'timeout_seconds']}),
  prod(['load_balancer'], {maintenance_page: {raw: '"a\\0b"'}}, {fault: ['load_balancer', 'maintenance_page']}),
  prod(['load_balancer'], {port: 443, tls: {certificate: {file: 'c.pem'}}}, {fault: ['load_balancer', 'tls']}),
  prod(
    ['load_balancer'],
    {port: 8443, tls: {certificate: {file: 'c.pem'}, port: 8443}},
    {
      fault: ['load_balancer', 'tls', 'port'],
    },
  ),
  prod(['load_balancer'], {own: {url: 'https://x'}, port: 80}, {fault: ['load_balancer']}),
  option('nginx'),
  option(''),
  option('--name', 'shop'),
  option('--net=host'),
  option('--restart', 'no'),
  option('--rm'),
  prod(['docker_options'], ['-it', '--rm'], {fault: ['docker_options', 1]}),
  option('--detach=false'),
  option('-d'),
  option('-itd'),
  option('--help'),
  option('--cidfile', '/tmp/x'),
  option('--ip', '10.0.0.3'),
  option('--publish', '8080:80'),
  option('-p8080:80'),
  option('-p', '127.0.0.1:8080:80/tcp'),
  option('--memroy=1g'),
  option('--label', 'entrypoint.role=lock'),
  option('-lentrypoint.role=lock'),
  option('--hostname', 'h'.repeat(64)),
  option('--init=maybe'),
  option('--env', 'PORT=81'),
  option('--memory'),
  option('-Z'),
  top(['service'], 'Shop'),
  top(['service'], 'a'.repeat(41)),
  top(['registry'], 'https://ghcr.io/acme'),
  top(['port'], 0),
  top(['port'], 'abc'),
  top(['health'], 'readyz'),
  top(['health'], '/a b'),
  top(['helth'], '/readyz'),
  top(['environments', 'Prod'], {}),
  top(
    ['backing_services'],
    {lock: {image: 'x', ready: ['true']}},
    {fault: ['backing_services', 'lock'], beside: {backing_services: {}}},
  ),
  top(
    ['backing_services'],
    {'log-check': {image: 'x', ready: ['true']}},
    {fault: ['backing_services', 'log-check'], beside: {backing_services: {}}},
  ),
  top(
    ['backing_services'],
    {localhost: {image: 'x', ready: ['true']}},
    {fault: ['backing_services', 'localhost'], beside: {backing_services: {}}},
  ),
  top(
    ['backing_services'],
    {db: {image: 'Postgres:17', ready: ['true']}},
    {fault: ['backing_services', 'db', 'image'], beside: {backing_services: {}}},
  ),
  top(
    ['backing_services'],
    {db: {image: 'postgres:${VERSION}', ready: ['true']}},
    {fault: ['backing_services', 'db', 'image'], beside: {backing_services: {}}},
  ),
  top(
    ['backing_services'],
    {db: {image: 'postgres', ready: []}},
    {fault: ['backing_services', 'db', 'ready'], beside: {backing_services: {}}},
  ),
  top(
    ['backing_services'],
    {db: {image: 'postgres', ready: ['true'], ready_timeout_seconds: 0.5}},
    {
      fault: ['backing_services', 'db', 'ready_timeout_seconds'],
      beside: {backing_services: {}},
    },
  ),
];

/** The file with a mistake, and the path where it is at fault. */
export function withMistake(
  {file, prod: settings}: DeployFileModel,
  {at, value, fault, beside = {}}: Mistake,
): {readonly file: Settings; readonly fault: Path} {
  const isTop = at[0] === '/';
  const path = isTop ? at.slice(1) : at;
  const where = fault ?? path;
  const changed = isTop ? {...settings, ...beside} : set({...settings, ...beside}, path, value);
  const {environments, ...rest} = file as {environments: Settings};
  const whole = {...rest, environments: {...environments, prod: changed}} as unknown as Settings;
  return isTop
    ? {file: set(whole, path, value), fault: where}
    : {file: whole, fault: ['environments', 'prod', ...where]};
}

function set(settings: Settings, [key = '', ...rest]: Path, value: Value): Settings {
  return {...settings, [key]: rest.length === 0 ? value : set((settings[key] ?? {}) as Settings, rest, value)};
}
