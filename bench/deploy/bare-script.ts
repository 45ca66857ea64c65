import {dockerNetworkCreate, dockerPull, dockerRemove, dockerRun, dockerStop} from '../../src/commands/docker/index.ts';
import {balancerConfig, balancerDrain, balancerStart, balancerSwitch} from '../../src/commands/lb.ts';
import {sshDirectory, sshRun} from '../../src/commands/ssh.ts';
import {renderFragment} from '../../src/deploy/hosts/balancer/fragment.ts';
import type {Half} from '../../src/deploy/hosts/balancer/state.ts';
import {healthCheckOf} from '../../src/service/schema/health-check.ts';
import {type Command, commandText, type Words} from '../../src/shell/argv.ts';

// A minimal script for the switch alone: no lock, no survey, no rollback, no release log. One replica, the same images
// and the same connections.

const [network, balancer, service] = ['bare', 'bare.balancer', 'bare'];
/** Of the dedicated balancer. */
const [dedicatedBalancer, dedicatedService] = ['bare.dedicated.balancer', 'bare.dedicated'];

/** An app host and the address where a balancer on another machine reaches it. */
export interface AppHost {
  readonly host: string;
  readonly address: string;
}

/** Runs the commands of each inner list concurrently, and waits for all of them. */
function script(rounds: readonly (readonly (Words | Command)[])[]): string {
  const lines = rounds.map((round) => {
    const started = round.map((command, index) => `{ ${commandText(command)}\n} >/dev/null & p${index}=$!`);
    return [...started, ...round.map((_, index) => `wait $p${index}`)].join('\n');
  });
  return `set -e\n${lines.join('\n')}\n`;
}

const everywhere = (hosts: readonly string[], commands: readonly (Words | Command)[]): Command[][] =>
  commands.map((command) => hosts.map((host) => sshRun(host, command)));

/** Before the clock starts: a directory for the connections, and a network and a balancer on each host. */
export function prepareScript(hosts: readonly string[], balancerImage: string): string {
  return (
    `${commandText(sshDirectory)}\n` +
    script(
      everywhere(hosts, [
        dockerNetworkCreate(network, {}),
        dockerRun(
          {image: balancerImage, name: balancer, network, publish: ['0.0.0.0:8090:8080'], restart: 'always'},
          'detached',
        ),
        balancerConfig(balancer, service, fragment(service, ['']), 'reload'),
      ]),
    )
  );
}

/** Before the clock starts: one dedicated balancer for all of these hosts. */
export function prepareDedicatedScript(apps: readonly AppHost[], balancerHost: string, balancerImage: string): string {
  return script(
    everywhere(
      [balancerHost],
      [
        dockerRun(
          {image: balancerImage, name: dedicatedBalancer, publish: ['0.0.0.0:8095:8080'], restart: 'always'},
          'detached',
        ),
        balancerConfig(
          dedicatedBalancer,
          dedicatedService,
          fragment(
            dedicatedService,
            apps.map(({host}) => host),
          ),
          'reload',
        ),
      ],
    ),
  );
}

function fragment(name: string, hosts: readonly string[]): string {
  return renderFragment({
    name,
    release: 0,
    previous: 0,
    hosts,
    size: 1,
    slots: [],
    health: healthCheckOf('/readyz', undefined),
    settings: {
      routes: [],
      slowStartSeconds: 0,
      timeoutSeconds: 60,
      trustedProxies: [],
      maintenancePage: '',
      redirectPort: 0,
      acme: '',
      own: false,
    },
  });
}

const half = (round: number): Half => (round % 2 === 0 ? 'a' : 'b');

/** Release `round` on each host, in place of the one before. */
export function deployScript(hosts: readonly string[], image: string, round: number): string {
  const [name, old] = [`bare.${round}`, `bare.${round - 1}`];
  const [to, from] = [`${service}/1${half(round)}`, `${service}/1${half(round - 1)}`];
  const first = round === 0;
  return script(
    everywhere(hosts, [
      dockerPull(image),
      dockerRun(
        {image, name, network, restart: 'always', environment: {PORT: '3000', WEB_CONCURRENCY: '1'}, command: ['run']},
        'detached',
      ),
      balancerStart(balancer, [{server: to, address: name, port: 3000}], 60),
      balancerSwitch(balancer, [to], first ? [] : [from]),
      ...(first ? [] : [balancerDrain(balancer, 2, 30, [from]), dockerStop(30, old)]),
    ]),
  );
}

/** The same behind one dedicated balancer. */
export function deployDedicatedScript(
  apps: readonly AppHost[],
  balancerHost: string,
  image: string,
  round: number,
): string {
  const [name, old] = [`bare.dedicated.${round}`, `bare.dedicated.${round - 1}`];
  const serversOf = (release: number): string[] =>
    apps.map(({host}) => `${dedicatedService}/${host}-1${half(release)}`);
  const [to, from] = [serversOf(round), serversOf(round - 1)];
  const port = 20_000 + (round % 2);
  const first = round === 0;
  const onBalancer = (command: Words): Command[][] => [[sshRun(balancerHost, command)]];
  const onApps = (command: (app: AppHost) => Words | Command): Command[][] => [
    apps.map((app) => sshRun(app.host, command(app))),
  ];
  return script([
    ...onApps(() => dockerPull(image)),
    ...onApps(({address}) =>
      dockerRun(
        {
          image,
          name,
          publish: [`${address}:${port}:3000`],
          restart: 'always',
          environment: {PORT: '3000', WEB_CONCURRENCY: '1'},
          command: ['run'],
        },
        'detached',
      ),
    ),
    ...onBalancer(
      balancerStart(
        dedicatedBalancer,
        apps.map(({address}, index) => ({server: to[index] ?? '', address, port})),
        60,
      ),
    ),
    ...onBalancer(balancerSwitch(dedicatedBalancer, to, first ? [] : from)),
    ...(first
      ? []
      : [...onBalancer(balancerDrain(dedicatedBalancer, 2, 30, from)), ...onApps(() => dockerStop(30, old))]),
  ]);
}

/** Removes the leftovers of the last round, after the clock has stopped. */
export const tidyScript = (hosts: readonly string[], round: number): string =>
  script(everywhere(hosts, [dockerRemove(`bare.${round - 1}`)]));
export const tidyDedicatedScript = (hosts: readonly string[], round: number): string =>
  script(everywhere(hosts, [dockerRemove(`bare.dedicated.${round - 1}`)]));
