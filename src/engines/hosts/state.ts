import {balancerReadConfig} from '../../commands/balancer.ts';
import {dockerPs} from '../../commands/docker.ts';
import {problem} from '../../errors.ts';
import type {Runner} from '../../run.ts';
import {readBalancerState} from '../haproxy-config.ts';
import type {BalancerState, Half} from '../haproxy-config.ts';
import {balancerName, sceneLabels} from '../names.ts';
import type {Role, Scene} from '../names.ts';
import type {Target} from './deployment.ts';

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
  /** A hash of what a balancer or a backing service was started with. */
  readonly settings: string;
}

/** What there is of a service in an environment: read from the engine, kept nowhere else. */
export interface SceneState {
  readonly containers: readonly Container[];
  /** Undefined before the first deploy, and when the balancer does not run. */
  readonly balancer: BalancerState | undefined;
}

const fields = ['{{.Names}}', '{{.State}}', '{{.Status}}', '{{.Image}}', ...['role', 'backing_service', 'release', 'replica', 'half', 'port', 'git_commit_hash', 'settings'].map((name) => `{{.Label "entrypoint.${name}"}}`)];

export const stateFormat = fields.join('\t');

export function parseContainers(text: string): Container[] {
  return text.split('\n').filter((line) => line !== '').map((line) => {
    const [name = '', state = '', status = '', image = '', role, backing = '', release, replica, half, port, commit = '', settings = ''] = line.split('\t');
    return {
      name, state, status, image, backing, commit, settings,
      role: role as Role,
      release: Number(release),
      replica: Number(replica),
      half: half as Half,
      port: Number(port),
    };
  });
}

/** Two commands that only look. */
export async function readScene(run: Runner, scene: Scene): Promise<SceneState> {
  const {stdout} = await run.read(dockerPs(sceneLabels(scene), stateFormat));
  const containers = parseContainers(stdout);
  const balancer = containers.find(({role}) => role === 'balancer');
  if (balancer?.state !== 'running') return {containers, balancer: undefined};
  const config = await run.read(balancerReadConfig(balancerName(scene)));
  return {containers, balancer: readBalancerState(config.stdout)};
}

export const appsOf = ({containers}: SceneState): Container[] => containers.filter(({role}) => role === 'app');

/** @throws Problem `not_deployed` */
export function requireBalancer(state: SceneState, {service, environment}: Target): BalancerState {
  if (state.balancer !== undefined && state.balancer.release > 0) return state.balancer;
  throw problem({
    code: 'not_deployed',
    what: `${service.name} is not deployed in ${environment}`,
    fix: `entrypoint deploy ${environment}`,
  });
}
