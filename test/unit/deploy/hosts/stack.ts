import * as v from 'valibot';
import {renderFragment} from '../../../../src/deploy/hosts/balancer/fragment.ts';
import {balancerSettings} from '../../../../src/deploy/hosts/balancer/settings.ts';
import type {BalancerState} from '../../../../src/deploy/hosts/balancer/state.ts';
import type {Target} from '../../../../src/deploy/target.ts';
import {parseDeployFile} from '../../../../src/service/deploy-file.ts';
import {healthCheckOf} from '../../../../src/service/schema/health-check.ts';
import {loadBalancer} from '../../../../src/service/schema/load-balancer.ts';
import type {Result} from '../../../../src/shell/index.ts';
import {type Context, testContext} from '../../../../src/task.ts';

/** A recorded engine: the text of a command to its result, or an error to throw. */
export type Engine = (text: string) => Partial<Result> | Error | undefined;

export interface Recorded {
  readonly context: Context;
  /** The commands, without the balancer's configuration and constant labels. */
  readonly commands: () => string[];
}

export function record(engine: Engine): Recorded {
  const {context, commands} = testContext({respond: (_, text) => engine(text)});
  return {context, commands: () => commands.map(short)};
}

// A lock's container without its file.
const ofLock = (text: string): string =>
  text
    .replace(/^sh -c '(docker create --entrypoint sleep .*?) \|\| exit; [^]*$/, '$1')
    .replace(/^sh -c 'rm -f \/tmp\/entrypoint\.\S+ 2>\/dev\/null \|\| :; (docker rm .*)'$/, '$1');

const short = (text: string): string =>
  (isHostQuery(text) ? 'LOOK' : ofLock(text))
    .replace(/ <<'END'\n[^]*$/, ' <FILE')
    .replaceAll(
      / --label entrypoint\.(?:service_name|environment|lock\.(?:owner|process|token)|settings|log\S*)=\S+/g,
      '',
    )
    .replaceAll(/ --label '?entrypoint\.health_check=\{\S+/g, '')
    .replaceAll(/\.log\.[0-9a-f]{8}$/gm, '.log.TOKEN')
    .replaceAll(/ --filter label=\S+/g, '')
    .replace(/ --format .*$/, '');

export function target(settings = ''): Target {
  const deployFile = parseDeployFile(`service: shop\nenvironments: {local: {${settings}}}`);
  const local = deployFile.environments['local'];
  if (local === undefined) throw new Error('no such environment');
  return {
    service: {name: 'shop', directory: '/service', deployFile, registry: undefined},
    environment: 'local',
    settings: local,
  };
}

/** A row of `docker ps`, in the order of its columns. */
export function container(
  name: string,
  state: string,
  {
    image = 'sha256:old',
    role = 'app',
    release = '',
    replica = '',
    half = '',
    settings = '',
    published = '',
    hosts = '',
    health = '',
    lb = '',
    previous = '',
    check = '',
    fallback = '',
  }: Readonly<Record<string, string>>,
): string {
  return [
    name,
    state,
    'shop.local',
    'Up',
    image,
    '2026-01-02 03:04:05 +0000 UTC',
    'shop',
    'local',
    role,
    '',
    release,
    replica,
    half,
    role === 'app' ? '3000' : '',
    'abc',
    settings,
    published,
    hosts,
    health,
    lb,
    previous,
    check,
    fallback,
  ].join('\t');
}

export interface Seen {
  readonly containers?: readonly string[];
  /** The balancer's file. */
  readonly balancer?: string;
  readonly network?: boolean;
  /** As `docker inspect` prints it. */
  readonly lock?: string;
  /** The engine's time. */
  readonly clock?: string;
  /** The host's own address. */
  readonly address?: string;
  readonly images?: readonly string[];
  /** Entries of the release log: release, image and result. */
  readonly log?: readonly (readonly [release: number, image: string, result?: string])[];
  /** Other volumes. */
  readonly volumes?: readonly string[];
}

/** Does the command read the state of a host? */
export const isHostQuery = (text: string): boolean => text.includes('@@ containers');

/** The output of that command. */
export const stateText = ({
  containers = [],
  balancer = '',
  network = false,
  lock = '',
  clock = new Date().toISOString(),
  address = '',
  images = [],
  log = [],
  volumes = [],
}: Seen): string =>
  [
    '@@ containers',
    ...containers,
    '@@ networks',
    ...(network ? ['shop.local'] : []),
    '@@ volumes',
    ...volumes,
    ...log.map(([release, image, result = 'done'], index) =>
      [
        `shop.local.log.${index}`,
        '',
        '',
        'shop.local',
        `2026-01-02T03:04:0${index}Z`,
        release,
        result,
        'deploy',
        image,
      ].join('\t'),
    ),
    '@@ images',
    ...images,
    '@@ balancer',
    balancer,
    '@@ lock',
    lock,
    '@@ clock',
    clock,
    '@@ ssh',
    address === '' ? '' : `10.0.0.99 1234 ${address} 22`,
    '',
  ].join('\n');

export const configOf = (state: Partial<BalancerState>): string =>
  renderFragment({
    name: 'shop.local',
    release: 0,
    previous: 0,
    hosts: [''],
    size: 1,
    slots: [],
    health: healthCheckOf('/readyz', undefined),
    settings: balancerSettings(v.parse(loadBalancer, {})),
    ...state,
  });
