import {commandText} from '../../src/argv.ts';
import type {Command, Words} from '../../src/argv.ts';
import {balancerConfig, balancerIdle, balancerStart, balancerSwitch} from '../../src/commands/balancer.ts';
import {dockerNetworkCreate, dockerPull, dockerRemove, dockerRun, dockerStop} from '../../src/commands/docker.ts';
import {sshFolder, sshRun} from '../../src/commands/ssh.ts';
import {renderFragment} from '../../src/engines/balancer/fragment.ts';
import type {Half} from '../../src/engines/balancer/state.ts';

// What a person would write who wants no more than the switch itself: no lock, no state read, nothing put back, nothing
// written down. One replica, the same images and the same connections.

const [network, balancer, service] = ['bare', 'bare.balancer', 'bare'];

/** Each inner list is done side by side, and all of it waited for. */
function script(rounds: readonly (readonly (Words | Command)[])[]): string {
  const lines = rounds.map((round) => {
    const started = round.map((command, index) => `{ ${commandText(command)}\n} >/dev/null & p${index}=$!`);
    return [...started, ...round.map((_, index) => `wait $p${index}`)].join('\n');
  });
  return `set -e\n${lines.join('\n')}\n`;
}

const everywhere = (hosts: readonly string[], commands: readonly (Words | Command)[]): Command[][] => commands.map((command) => hosts.map((host) => sshRun(host, command)));

/** Before the clock starts: a folder for the connections, and a network and a balancer on each host. */
export function prepareScript(hosts: readonly string[], balancerImage: string): string {
  const fragment = renderFragment({
    name: service, release: 0, previous: 0, hosts: [''], size: 1, slots: [], health: '/readyz',
    settings: {routes: [], slowStartSeconds: 0, timeoutSeconds: 60, trustedProxies: [], maintenancePage: '', redirectPort: 0, acme: '', own: false},
  });
  return `${commandText(sshFolder)}\n` + script(everywhere(hosts, [
    dockerNetworkCreate(network, {}),
    dockerRun({image: balancerImage, name: balancer, network, publish: ['0.0.0.0:8090:8080'], restart: 'always'}, 'detached'),
    balancerConfig(balancer, service, fragment, 'reload'),
  ]));
}

const half = (round: number): Half => (round % 2 === 0 ? 'a' : 'b');

/** Release `round` on each host, in place of the one before. */
export function deployScript(hosts: readonly string[], image: string, round: number): string {
  const [name, old] = [`bare.${round}`, `bare.${round - 1}`];
  const [to, from] = [`${service}/1${half(round)}`, `${service}/1${half(round - 1)}`];
  const first = round === 0;
  return script(everywhere(hosts, [
    dockerPull(image),
    dockerRun({image, name, network, restart: 'always', environment: {PORT: '3000', WEB_CONCURRENCY: '1'}, command: ['run']}, 'detached'),
    balancerStart(balancer, [{server: to, address: name, port: 3000}], 60),
    balancerSwitch(balancer, [to], first ? [] : [from]),
    ...(first ? [] : [balancerIdle(balancer, 30, [from]), dockerStop(30, old)]),
  ]));
}

/** What the round before left, when the clock has stopped. */
export const tidyScript = (hosts: readonly string[], round: number): string => script(everywhere(hosts, [dockerRemove(`bare.${round - 1}`)]));
