import {
  type Columns,
  dockerImageInspect,
  dockerInspect,
  dockerNetworkList,
  dockerPs,
  dockerVolumeTable,
  labelCell,
  parseRows,
  type Row,
  rowFormat,
  rowPart,
} from '../../commands/docker/index.ts';
import {balancerReadAll, balancerReadConfig, lbVersion, lbVersionLabel} from '../../commands/lb.ts';
import {podmanMark, rootlessMark} from '../../image/engine.ts';
import {type HealthCheck, pathCheck} from '../../service/schema/health-check.ts';
import {quote, type Words, wordsText} from '../../shell/argv.ts';
import {fallbackLabel, lockName, logLabel, type Role, type Stack, stackName, volumeName} from '../../stack/names.ts';
import {compareTexts} from '../../text/compare.ts';
import {colourOf, readBalancerState} from './balancer/state.ts';
import {lockFormat, parseLock} from './lock-label.ts';
import {placeLines} from './machine/endpoints.ts';
import {
  bridgeLines,
  type FactsQuery,
  networkLines,
  noFacts,
  parseFacts,
  platformLines,
  usedNetwork,
} from './machine/facts.ts';
import {entryLabel} from './release-log.ts';
import type {Container, HostState, KnownRelease} from './state.ts';

/** A selection of what to read from one host. */
export interface HostQuery {
  readonly stack: Stack;
  /** The balancer's container; undefined if the host has none. */
  readonly balancer: string | undefined;
  /** Images to look for. */
  readonly images: readonly string[];
  /** Whether its engine is known to be Docker. Default false: the host says so. */
  readonly isDocker?: boolean;
  /** Whether to look for the environment's network. */
  readonly network: boolean;
  /** What a deploy must know of the machine. Default: nothing. */
  readonly facts?: FactsQuery | undefined;
}

const label = (name: string): string => labelCell(`entrypoint.${name}`);

const containerColumns = {
  name: '{{.Names}}',
  state: '{{.State}}',
  networks: '{{.Networks}}',
  status: '{{.Status}}',
  image: '{{.Image}}',
  created: '{{.CreatedAt}}',
  service: label('service_name'),
  environment: label('environment'),
  role: label('role'),
  backing: label('backing_service'),
  release: label('release'),
  replica: label('replica'),
  half: label('half'),
  port: label('port'),
  commit: label('git_commit_hash'),
  settings: label('settings'),
  published: label('published'),
  hosts: label('hosts'),
  health: label('health'),
  lb: labelCell(lbVersionLabel),
  previous: label('previous'),
  check: label('health_check'),
  fallback: labelCell(fallbackLabel),
} as const satisfies Columns<string>;

type ContainerRow = Row<keyof typeof containerColumns>;

const volumeColumns = {
  name: '{{.Name}}',
  service: label('service_name'),
  environment: label('environment'),
  log: labelCell(logLabel),
  at: labelCell(entryLabel('at')),
  release: labelCell(entryLabel('release')),
  result: labelCell(entryLabel('result')),
  what: labelCell(entryLabel('what')),
  image: labelCell(entryLabel('image')),
} as const satisfies Columns<string>;

const mark = '@@';

const section = (name: string, ...lines: readonly string[]): string[] => [`echo '${mark} ${name}'`, ...lines];
const quiet = (words: Words): string => `${wordsText(words)} 2>/dev/null || :`;

// Podman takes the same words, and fails at others later. Only where it is installed does this start a program,
const isPodman = `if [ /var/run/docker.sock -ef /run/podman/podman.sock ] || { [ -e /usr/bin/podman ] && docker --version 2>&1 | grep -qi podman; }; then ${wordsText(['echo', podmanMark])} >&2; exit 1; fi`;
// and this where the client is set to ask another engine than the usual one.
const asksPodman = `if { [ -n "\${DOCKER_HOST:-}\${DOCKER_CONTEXT:-}" ] || grep -qs '"currentContext"' "\${DOCKER_CONFIG:-$HOME/.docker}/config.json"; } && ${wordsText(['docker', 'version', '--format', '{{range .Server.Components}}{{.Name}} {{end}}'])} 2>/dev/null | grep -qi podman; then ${wordsText(['echo', podmanMark])} >&2; exit 1; fi`;
const noAnswer = `[ ! -S "/run/user/$(id -u)/docker.sock" ] || ${wordsText(['echo', rootlessMark])} >&2`;

/**
 * Reads everything that a deploy needs to know of a host, in one round trip. Exits with 1 if no engine answers. A call
 * of docker costs 20 to 100 ms: the script asks for nothing that the list of containers answers, and runs slow calls
 * concurrently, with their output buffered in a pipe.
 */
export function hostQueryCommand({stack, balancer, images, network, facts, isDocker = false}: HostQuery): Words {
  const lock = lockName(stack);
  const containers = section(
    'containers',
    isPodman,
    ...(isDocker ? [] : [asksPodman]),
    `all=$(${wordsText(dockerPs({'entrypoint.service_name': undefined}, rowFormat(containerColumns)))}) || { ${noAnswer}; exit 1; }`,
    `printf '%s\\n' "$all"`,
  );
  // The age of a lock counts by the host's own clock.
  const held = [
    `case "$all" in *${quote(`${rowPart(containerColumns, {name: lock})}\t`)}*)`,
    ...section('lock', quiet(dockerInspect(lock, lockFormat))),
    ...section('clock', wordsText(['docker', 'info', '--format', '{{.SystemTime}}'])),
    'esac',
  ];
  // A running container proves that its network exists.
  const networks = section(
    'networks',
    ...unlessListed(
      rowPart(containerColumns, {state: 'running', networks: stackName(stack)}),
      stackName(stack),
      wordsText(dockerNetworkList(stackName(stack))),
    ),
  );
  // A container shows its image's name only while the name means that image, and else an id.
  const present = section(
    'images',
    ...images.flatMap((image) =>
      unlessListed(rowPart(containerColumns, {image}), image, quiet(dockerImageInspect(image, image))),
    ),
  );
  const first = [
    ...containers,
    ...held,
    ...(network ? networks : []),
    ...(images.length === 0 ? [] : present),
    ...(facts === undefined ? [] : factsLines(facts, balancer)),
    ...section('ssh', 'echo "${SSH_CONNECTION:-}"'),
  ];
  const concurrent = [
    section('volumes', wordsText(dockerVolumeTable(rowFormat(volumeColumns)))),
    ...(balancer === undefined ? [] : [section('balancer', quiet(balancerReadConfig(balancer, stackName(stack))))]),
  ];
  let script = first.join('\n');
  for (const slow of concurrent) script = ['{', ...slow, '} | {', script, 'cat', '} || exit'].join('\n');
  return ['sh', '-c', script];
}

function factsLines(facts: FactsQuery, balancer: string | undefined): string[] {
  const {network, shared, own = false, reaches = false} = facts;
  const asked = placeLines(facts);
  // In a container with the engine's socket, these files are those of the container.
  const places = own && asked.length > 0 ? ['if [ -d /sys/class/net/docker0 ]; then', ...asked, 'fi'] : asked;
  const isThere = quote(`${rowPart(containerColumns, {name: balancer ?? ''})}\t`);
  return [
    ...section('machine', ...platformLines, ...(reaches ? bridgeLines : [])),
    // A balancer that exists has its ports.
    ...(places.length === 0
      ? []
      : section(
          'places',
          ...(balancer === undefined ? places : [`case "$all" in *${isThere}*) ;; *)`, ...places, 'esac']),
        )),
    ...(shared === undefined ? [] : section('routes', `{ ${quiet(balancerReadAll(shared))}; } | sed -n 's/^#> //p'`)),
    ...(network === undefined
      ? []
      : section(
          'named-network',
          ...unlessListed(
            rowPart(containerColumns, {state: 'running', networks: network}),
            usedNetwork(network),
            networkLines(network).join('\n'),
          ),
        )),
  ];
}

/** Prints `answer` if a container's row has these cells, and runs `command` otherwise. */
const unlessListed = (cells: string, answer: string, command: string): string[] => [
  `case "$all" in *${quote(`\t${cells}\t`)}*) ${wordsText(['echo', answer])} ;; *) ${command} ;; esac`,
];

/** Reads what {@link hostQueryCommand} printed. */
export function parseHostState(text: string, {stack, balancer, facts}: HostQuery): HostState {
  const sections = new Map(
    text
      .split(`${mark} `)
      .slice(1)
      .map((part) => {
        const end = part.indexOf('\n');
        return [part.slice(0, end), part.slice(end + 1)] as const;
      }),
  );
  const sectionText = (name: string): string => sections.get(name) ?? '';
  const lines = (name: string): string[] =>
    sectionText(name)
      .split('\n')
      .filter((line) => line.trim() !== '');
  const isOurs = ({service, environment}: {readonly service: string; readonly environment: string}): boolean =>
    service === stack.service && environment === stack.environment;
  const all = parseRows(containerColumns, sectionText('containers'));
  const volumes = parseRows(volumeColumns, sectionText('volumes'));
  const log = volumes.filter((one) => one.log === stackName(stack)).toSorted((a, b) => compareTexts(a.at, b.at));
  const balancerRow = all.find(({name}) => name === balancer);
  return {
    containers: all.filter(isOurs).map(toContainer),
    balancer: readBalancerState(sectionText('balancer')),
    balancerState: balancerRow?.state,
    balancerSettings: balancerRow?.settings ?? '',
    lbVersion: lbVersion(balancerRow?.lb ?? ''),
    hasNetwork: lines('networks').length > 0,
    // Earlier versions made those of the service without labels.
    volumes: volumes
      .filter((one) => isOurs(one) || one.name.startsWith(volumeName(stack, 'app', '')))
      .map(({name}) => name),
    log: log.map(({name}) => name),
    logged: log.map(({release, image, what, result}) => ({
      release: Number(release),
      image,
      what,
      result: result === 'done' ? 'done' : 'failed',
    })),
    ports: all.flatMap(({published}) => (published === '' ? [] : [Number(published.split(':').at(-1))])),
    images: lines('images'),
    // `SSH_CONNECTION`: the client's address and port, then the server's.
    sshAddress: sectionText('ssh').trim().split(' ')[2] ?? '',
    facts:
      facts === undefined
        ? noFacts
        : parseFacts(
            {
              machine: sectionText('machine'),
              places: sectionText('places'),
              routes: sectionText('routes'),
              network: sections.get('named-network'),
            },
            facts,
          ),
    lock: parseLock(sectionText('lock'), sectionText('clock').trim()),
  };
}

function toContainer(row: ContainerRow): Container {
  const {name, state, status, image, created, backing, commit, settings, published} = row;
  return {
    name,
    state,
    status,
    image,
    created,
    backing,
    commit,
    settings,
    published,
    health: parseHealth(row),
    role: row.role as Role,
    release: Number(row.release),
    replica: Number(row.replica),
    colour: colourOf(row.half),
    port: Number(row.port),
    hosts: row.hosts.split(',').filter((host) => host !== ''),
    previous: parsePrevious(row.previous),
    logFallback: row.fallback,
  };
}

/** Earlier versions have the label with a path only. */
function parseHealth({health, check}: Pick<ContainerRow, 'health' | 'check'>): HealthCheck | undefined {
  if (check === '') return health === '' ? undefined : pathCheck(health);
  try {
    return JSON.parse(check) as HealthCheck;
  } catch {
    return undefined;
  }
}

/** The value of the label `entrypoint.previous`: `6=IMAGE`. */
export const previousText = ({release, image}: KnownRelease): string => `${release}=${image}`;

function parsePrevious(text: string): KnownRelease | undefined {
  const [, release, image] = /^(\d+)=(.+)$/.exec(text) ?? [];
  return release === undefined || image === undefined ? undefined : {release: Number(release), image};
}
