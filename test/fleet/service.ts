import {spawn} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {dockerSync} from '../support/docker.ts';
import {entrypoint, type Outcome, serviceIn} from '../support/service.ts';
import {serviceName, type Fleet} from './fleet.ts';

export {entrypoint, type Outcome} from '../support/service.ts';

// The service that the tests deploy to a fleet (fixtures/service), and the commands that a user would type.

const image = 'entrypoint/haproxy:3.0';

export type Version = 'A' | 'B';

export interface Running {
  readonly pid: number;
  kill(this: void, signal: NodeJS.Signals): void;
  readonly ended: Promise<Outcome>;
}

/** Settings of deploy.yaml; the defaults describe a healthy service. */
export interface EnvironmentSettings {
  readonly hosts?: readonly string[];
  readonly replicas?: number;
  /** Balancers on machines of their own, in front of all hosts; default: each host has its own. */
  readonly dedicated?: boolean;
  /** Settings of `load_balancer` besides its image. Default: it listens on port 8080. */
  readonly balancer?: string;
  /** Default 0: most tests have nothing to watch. */
  readonly watchSeconds?: number;
  /** Settings of the environment `prod`, as lines of YAML: `before: [migrate]`. */
  readonly also?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `registry_login`, as a value of YAML. Default: none, since the hosts are logged in. */
  readonly login?: string;
}

export interface FleetService {
  readonly name: string;
  readonly directory: string;
  /** The environment of the deployer's programs. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Both versions, by digest. */
  readonly images: Record<Version, string>;
  /** Addresses of the service, one per machine with a balancer, by the current deploy.yaml. */
  addresses(this: void): readonly string[];
  /** Writes deploy.yaml. */
  describe(this: void, settings?: EnvironmentSettings): void;
  /** Runs the command and waits. A failure is returned, not thrown. */
  run(this: void, ...words: readonly string[]): Outcome;
  /** Runs a program with the deployer's environment. */
  shell(this: void, program: string, words: readonly string[], input?: string): Outcome;
  /** Runs the command in the background; `onLine` is called for each line of its standard error. */
  start(
    this: void,
    words: readonly string[],
    onLine?: (line: string, running: Running) => void,
    env?: Readonly<Record<string, string>>,
  ): Running;
  deployWords(this: void, version: Version): string[];
  /** Publishes another image of the version, which no host has. */
  renew(this: void, version: Version): void;
  remove(this: void): void;
}

export interface ServiceOptions {
  /** HOST:PORT to which the service reports the POSTs it has carried out. Default: none. */
  readonly ledger?: string;
  /** Default: a temporary one. */
  readonly directory?: string;
  /** Further variables of the deployer. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Builds both versions of the service and publishes them in the fleet's registry, with the balancer's image. */
export function publishService(
  fleet: Fleet,
  {ledger, directory = mkdtempSync(join(tmpdir(), 'fleet-service-')), environment: further}: ServiceOptions = {},
): FleetService {
  const name = serviceName(fleet.name);
  mkdirSync(directory, {recursive: true});
  chmodSync(directory, 0o755);
  cpSync(join(import.meta.dirname, 'fixtures/service'), directory, {recursive: true});
  const variables = {...fleet.environment, ...further};
  const {run, must, commit, environment} = serviceIn(directory, variables);
  const publisher = serviceIn(directory, {...variables, ENTRYPOINT_REGISTRY: fleet.publishTo});
  const shell: FleetService['shell'] = (program, words, input = '') => run(program, words, {input});
  const start: FleetService['start'] = (words, onLine, env = {}) => {
    // Its own process group: it can be killed with everything it started, as when a machine loses power.
    const child = spawn(entrypoint, words, {
      cwd: directory,
      env: {...environment, ...env},
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<Outcome>((resolve) =>
      child.once('close', (code, signal) => resolve({code, signal, stdout, stderr})),
    );
    const running: Running = {pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), ended};
    if (onLine !== undefined) createInterface({input: child.stderr}).on('line', (line) => onLine(line, running));
    return running;
  };
  let behind = fleet.hosts;
  const describe: FleetService['describe'] = ({
    hosts = fleet.hosts,
    replicas = 2,
    dedicated = false,
    balancer = 'address: 0.0.0.0, port: 8080',
    watchSeconds = 0,
    also = [],
    environment: own = {},
    login,
  } = {}) => {
    behind = dedicated ? fleet.balancers : hosts;
    const all = {...(ledger === undefined ? {} : {LEDGER: ledger}), ...own};
    const balancers = dedicated ? `, hosts: [${fleet.balancers.join(', ')}]` : '';
    writeFileSync(
      join(directory, 'deploy.yaml'),
      [
        `service: ${name}`,
        `registry: ${fleet.registry}`,
        ...(login === undefined ? [] : [`registry_login: ${login}`]),
        'environments:',
        '  prod:',
        `    hosts: [${hosts.join(', ')}]`,
        `    replicas: ${replicas}`,
        `    watch_seconds: ${watchSeconds}`,
        `    load_balancer: {image: '${fleet.registry}/haproxy:3.0', ${balancer}${balancers}}`,
        `    environment: {${Object.entries(all)
          .map(([key, value]) => `${key}: '${value}'`)
          .join(', ')}}`,
        ...also.map((line) => `    ${line}`),
        '',
      ].join('\n'),
    );
  };
  const publish = (version: Version): string => {
    writeFileSync(join(directory, 'src/version.ts'), `export const version = '${version}';\n// ${randomUUID()}\n`);
    commit(version);
    publisher.must(entrypoint, 'build');
    const {digest} = JSON.parse(publisher.must(entrypoint, '--quiet', '--json', 'publish')) as {digest: string};
    return `${fleet.registry}/${name}@${digest}`;
  };

  dockerSync('tag', image, `${fleet.publishTo}/haproxy:3.0`);
  must('docker', 'push', '--quiet', `${fleet.publishTo}/haproxy:3.0`);
  dockerSync('rmi', `${fleet.publishTo}/haproxy:3.0`);
  describe();
  const images = {A: publish('A'), B: publish('B')};
  return {
    name,
    directory,
    environment,
    images,
    describe,
    shell,
    start,
    addresses: () => behind.map((host) => `http://${fleet.addressOf(host)}:8080`),
    renew: (version) => void (images[version] = publish(version)),
    run: (...words) => shell(entrypoint, words),
    deployWords: (version) => ['deploy', 'prod', `--image=${images[version]}`],
    remove: () => rmSync(directory, {recursive: true, force: true}),
  };
}

/** The output of a command, abridged for a failure message: its steps without their input, and its last lines. */
export function brief({code, signal, stderr}: Outcome): string {
  const all = stderr.trimEnd().split('\n');
  const steps = all
    .slice(0, -12)
    .filter((line) => /^(?:\S+ \| )?(?:\$ |# exit|# \S+ \S+ )/.test(line))
    .slice(-25);
  const short = [...steps, ...all.slice(-12)].map((line) =>
    line.replace(/ssh -n?T (?:'-o[^']*' |-o\S+ )+/, 'ssh ').slice(0, 400),
  );
  return `exit ${code ?? signal}\n${short.join('\n')}`;
}
