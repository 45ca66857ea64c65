import {
  dockerImageInspect,
  dockerInspect,
  dockerNetworkList,
  dockerPs,
  dockerVolumeTable,
} from '../../commands/docker.ts';
import {balancerReadConfig, type LbVersion, lbVersion, lbVersionLabel} from '../../commands/lb.ts';
import {problem} from '../../errors.ts';
import {quote, type Words, wordsText} from '../../shell/argv.ts';
import {balancerName, lockName, logLabel, type Role, type Stack, stackName} from '../../stack/names.ts';
import type {Machine, Target} from '../target.ts';
import {type BalancerState, type Half, readBalancerState} from './balancer/state.ts';
import {type HeldLock, lockFormat, parseLock} from './lock-label.ts';

export interface Container {
  readonly name: string;
  /** Docker's word: created, running, paused, restarting, exited, dead. */
  readonly state: string;
  /** Docker's words: `Up 3 minutes (healthy)`. */
  readonly status: string;
  readonly image: string;
  readonly role: Role;
  /** Name of the backing service, where it is one. */
  readonly backing: string;
  readonly release: number;
  readonly replica: number;
  readonly half: Half;
  /** The port that a replica answers on. */
  readonly port: number;
  readonly commit: string;
  /** The path that its health is checked with; empty for one of an earlier version. */
  readonly health: string;
  /** A hash of what it was started with. */
  readonly settings: string;
  /** `10.0.0.2:20001`, where a balancer on another machine reaches it; else empty. */
  readonly published: string;
  /** The hosts that its release was deployed to, as ssh takes them. */
  readonly hosts: readonly string[];
  /** When it was created, by the host's clock. */
  readonly created: string;
}

/** What there is of a service in an environment on one machine: read from its engine, kept nowhere else. */
export interface MachineState {
  readonly containers: readonly Container[];
  /** What the balancer holds of the service; undefined before the first deploy, and when the balancer does not run. */
  readonly balancer: BalancerState | undefined;
  /** Docker's word for the balancer's state; undefined where there is none. */
  readonly balancerState: string | undefined;
  /** What the balancer was started with. */
  readonly balancerSettings: string;
  /** Which words its `lb` accepts. */
  readonly lbVersion: LbVersion;
  /** False where that was not asked. */
  readonly hasNetwork: boolean;
  readonly volumes: readonly string[];
  /** Names of the entries of the release log, oldest first. */
  readonly log: readonly string[];
  /** The greatest release that the log knows to have served; 0 where it is empty. */
  readonly logged: number;
  /** Ports of the host that replicas of any service have, running or not. */
  readonly ports: readonly number[];
  /** Of the images that were asked for, those that are there. */
  readonly images: readonly string[];
  /** The host's address as ssh reached it; empty on this machine. */
  readonly sshAddress: string;
  readonly lock: HeldLock | undefined;
}

/** What is asked of one machine. */
export interface Question {
  readonly stack: Stack;
  /** The balancer's container; undefined where the machine has none. */
  readonly balancer: string | undefined;
  readonly images: readonly string[];
  /** Is it asked whether the environment's network is there? */
  readonly network: boolean;
}

const labels = [
  'service_name',
  'environment',
  'role',
  'backing_service',
  'release',
  'replica',
  'half',
  'port',
  'git_commit_hash',
  'settings',
  'published',
  'hosts',
  'health',
];
const containerFormat = [
  '{{.Names}}',
  '{{.State}}',
  '{{.Networks}}',
  '{{.Status}}',
  '{{.Image}}',
  '{{.CreatedAt}}',
  ...labels.map((name) => `{{.Label "entrypoint.${name}"}}`),
  `{{.Label "${lbVersionLabel}"}}`,
].join('\t');
const volumeFormat = [
  '{{.Name}}',
  ...[
    'entrypoint.service_name',
    'entrypoint.environment',
    logLabel,
    `${logLabel}.at`,
    `${logLabel}.release`,
    `${logLabel}.result`,
  ].map((name) => `{{.Label "${name}"}}`),
].join('\t');

const mark = '@@';

const section = (name: string, ...lines: readonly string[]): string[] => [`echo '${mark} ${name}'`, ...lines];
const quiet = (words: Words): string => `${wordsText(words)} 2>/dev/null || :`;

/**
 * Everything that a deploy has to know of a machine, in one round trip. Ends with 1 where no engine answers. Each call of
 * docker costs 20 to 100 ms: what the containers tell is not asked for again; what is slow runs beside that, and what it
 * says waits in the pipe until its turn.
 */
export function readMachine({stack, balancer, images, network}: Question): Words {
  const lock = lockName(stack);
  const containers = section(
    'containers',
    `all=$(${wordsText(dockerPs({'entrypoint.service_name': undefined}, containerFormat))}) || exit 1`,
    `printf '%s\\n' "$all"`,
  );
  // How old a lock is tells only the machine's own clock.
  const held = [
    `case "$all" in *${quote(`${lock}\t`)}*)`,
    ...section('lock', quiet(dockerInspect(lock, lockFormat))),
    ...section('clock', wordsText(['docker', 'info', '--format', '{{.SystemTime}}'])),
    'esac',
  ];
  // What runs in it keeps a network there.
  const networks = section(
    'networks',
    ...unlessTold(`running\t${stackName(stack)}`, stackName(stack), wordsText(dockerNetworkList(stackName(stack)))),
  );
  // An image whose name a container shows is there: docker shows its id where the name is gone or means another one.
  const found = section(
    'images',
    ...images.flatMap((image) => unlessTold(image, image, quiet(dockerImageInspect(image, image)))),
  );
  const first = [
    ...containers,
    ...held,
    ...(network ? networks : []),
    ...(images.length === 0 ? [] : found),
    ...section('ssh', 'echo "${SSH_CONNECTION:-}"'),
  ];
  const beside = [
    section('volumes', wordsText(dockerVolumeTable(volumeFormat))),
    ...(balancer === undefined ? [] : [section('balancer', quiet(balancerReadConfig(balancer, stackName(stack))))]),
  ];
  let script = first.join('\n');
  for (const slow of beside) script = ['{', ...slow, '} | {', script, 'cat', '} || exit'].join('\n');
  return ['sh', '-c', script];
}

/** Prints `answer` where `cells` stand among what the containers told, and else what `question` says. */
const unlessTold = (cells: string, answer: string, question: string): string[] => [
  `case "$all" in *${quote(`\t${cells}\t`)}*) ${wordsText(['echo', answer])} ;; *) ${question} ;; esac`,
];

/** Reads what {@link readMachine} printed. */
export function parseMachine(text: string, {stack, balancer}: Question): MachineState {
  const sections = new Map(
    text
      .split(`${mark} `)
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return [part.slice(0, end), part.slice(end + 1)] as const;
      }),
  );
  const rows = (name: string): string[][] =>
    (sections.get(name) ?? '')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => line.split('\t'));
  const all = rows('containers').map(parseContainer);
  const containers = all
    .filter(({service, environment}) => service === stack.service && environment === stack.environment)
    .map(({container}) => container);
  const volumes = rows('volumes');
  const log = volumes
    .filter(([, , , of]) => of === stackName(stack))
    .toSorted((a, b) => (a[4] ?? '').localeCompare(b[4] ?? ''));
  const own = rows('containers').find(([name]) => name === balancer);
  return {
    containers,
    balancer: readBalancerState(sections.get('balancer') ?? ''),
    balancerState: own?.[1],
    balancerSettings: own?.[6 + labels.indexOf('settings')] ?? '',
    lbVersion: lbVersion(own?.[6 + labels.length] ?? ''),
    hasNetwork: rows('networks').length > 0,
    volumes: volumes
      .filter(([, service, environment]) => service === stack.service && environment === stack.environment)
      .map(([name = '']) => name),
    log: log.map(([name = '']) => name),
    logged: Math.max(0, ...log.map((row) => (row[6] === 'done' ? Number(row[5]) : 0))),
    ports: all.flatMap(({container: {published}}) => (published === '' ? [] : [Number(published.split(':').at(-1))])),
    images: rows('images').map(([name = '']) => name),
    sshAddress: (sections.get('ssh') ?? '').trim().split(' ')[2] ?? '',
    lock: parseLock((sections.get('lock') ?? '').trim(), (sections.get('clock') ?? '').trim()),
  };
}

function parseContainer(row: readonly string[]): {service: string; environment: string; container: Container} {
  const [
    name = '',
    state = '',
    _networks = '',
    status = '',
    image = '',
    created = '',
    service = '',
    environment = '',
    role,
    backing = '',
    release,
    replica,
    half,
    port,
    commit = '',
    settings = '',
    published = '',
    hosts = '',
    health = '',
  ] = row;
  return {
    service,
    environment,
    container: {
      name,
      state,
      status,
      image,
      created,
      backing,
      commit,
      settings,
      published,
      health,
      role: role as Role,
      release: Number(release),
      replica: Number(replica),
      half: half as Half,
      port: Number(port),
      hosts: hosts.split(',').filter((host) => host !== ''),
    },
  };
}

/** A machine with what was found on it. */
export interface Found {
  readonly machine: Machine;
  readonly state: MachineState;
}

export const appsOf = ({containers}: Pick<MachineState, 'containers'>): Container[] =>
  containers.filter(({role}) => role === 'app');

/** The name of the balancer's container: the environment's own, or one that several services share. */
export const balancerOf = (target: Target): string => {
  const {name} = target.settings.load_balancer;
  return name === undefined
    ? balancerName({service: target.service.name, environment: target.environment})
    : sharedBalancerName(name);
};

const sharedBalancerName = (name: string): string => `entrypoint.balancer.${name}`;

/** @throws Problem `not_deployed` */
export function requireDeployed(found: readonly Found[], {service, environment}: Target): BalancerState {
  const states = found.flatMap(({state: {balancer}}) =>
    balancer === undefined || balancer.release === 0 ? [] : [balancer],
  );
  const newest = states.toSorted((a, b) => b.release - a.release)[0];
  if (newest !== undefined) return newest;
  throw problem({
    code: 'not_deployed',
    what: `${service.name} is not deployed in ${environment}`,
    fix: `entrypoint deploy ${environment}`,
  });
}
