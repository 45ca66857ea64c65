// Everything that tasks need of a deployed service. An engine does the work: `hosts` today. `swarm` and `kubernetes` will
// be directories next to it, whose index.ts exports the same functions.
import type {Context} from '../task.ts';
import * as hosts from './hosts/index.ts';
import type {Deployment, Target} from './target.ts';

export type * from './hosts/index.ts';
export {historyText, planText, statusText} from './hosts/index.ts';
export {batchPattern} from '../service/batch.ts';
export {readTarget} from './target.ts';
export type {Deployed, Deployment, Target} from './target.ts';

type Engine = typeof hosts;

// One engine so far: the target will choose it.
const engineOf = (_target: Target): Engine => hosts;

/**
 * Starts a release alongside the old one and switches the traffic to it, on every host or on none: any failure undoes
 * everything. With `planOnly`, only plans; with `canary`, gives the release a share of the requests.
 * @throws Problem `locked`, `no_majority`, `lock_lost`, `host_unreachable`, `engine_unavailable`, `secret_missing`,
 * `canary_under_way`, `balancer_differs`, `no_address`, `worse_release`, `command_failed`
 * @example
 * const target = await readTarget(context, 'prod');
 * const {deployed} = await deploy(context, {...target, image: 'r:5000/shop@sha256:...', commit: ''});
 * context.say(`release ${deployed?.release} serves at ${deployed?.address}`);
 */
export const deploy = (
  context: Context,
  deployment: Deployment,
  options?: hosts.DeployOptions,
): Promise<hosts.Executed> => engineOf(deployment).deploy(context, deployment, options);

/**
 * Ends a canary: `continue` gives it all requests, `abort` removes it.
 * @throws Problem `no_canary`, and those of {@link deploy}
 * @example
 * await endCanary(context, await readTarget(context, 'prod'), 'continue');
 */
export const endCanary = (
  context: Context,
  target: Target,
  how: 'continue' | 'abort',
  options?: Omit<hosts.DeployOptions, 'canary'>,
): Promise<hosts.Executed> => engineOf(target).endCanary(context, target, how, options);

/**
 * Returns to a kept release, by default the previous one, on every host or on none. Nothing is pulled.
 * @throws Problem `not_deployed`, `no_previous_release`, and those of {@link deploy}
 * @example
 * await rollback(context, await readTarget(context, 'prod'), {to: 4});
 */
export const rollback = (context: Context, target: Target, options?: hosts.RollbackOptions): Promise<hosts.Executed> =>
  engineOf(target).rollback(context, target, options);

/**
 * Reads what runs in an environment, and how it differs from what should.
 * @throws Problem `host_unreachable`, `engine_unavailable`
 * @example
 * const {release, drift} = await status(context, await readTarget(context, 'prod'));
 */
export const status = (context: Context, target: Target): Promise<hosts.Status> =>
  engineOf(target).status(context, target);

/**
 * Reads the release log: every deploy, rollback and canary, newest first.
 * @throws Problem `host_unreachable`, `engine_unavailable` if no host can be read
 * @example
 * const {releases} = await history(context, await readTarget(context, 'prod'));
 */
export const history = (context: Context, target: Target): Promise<hosts.History> =>
  engineOf(target).history(context, target);

/**
 * Prints the logs of all serving replicas, each line with its host and container.
 * @throws Problem `not_deployed`, `host_unreachable`
 * @example
 * await logs(context, await readTarget(context, 'prod'), {follow: false, tail: 100});
 */
export const logs = (context: Context, target: Target, options: hosts.LogOptions): Promise<void> =>
  engineOf(target).logs(context, target, options);

/**
 * Runs `context.rest` in a serving replica, or in all of them.
 * @throws Problem `not_deployed`, `unknown_host`; `command_failed` with the exit code of the command
 * @example
 * const target = await readTarget(context, 'prod');
 * await exec({...context, rest: ['node', 'scripts/reindex.ts']}, target, {all: false, terminal: false});
 */
export const exec = (context: Context, target: Target, options: hosts.ExecOptions): Promise<void> =>
  engineOf(target).exec(context, target, options);

/**
 * Turns maintenance mode on or off: every request gets the maintenance page; the replicas keep running.
 * @throws Problem `not_deployed`, `host_unreachable`
 * @example
 * await maintenance(context, await readTarget(context, 'prod'), true);
 */
export const maintenance = (context: Context, target: Target, on: boolean): Promise<void> =>
  engineOf(target).maintenance(context, target, on);

/**
 * Removes everything deployed to an environment; with `volumes`, also the data of its backing services.
 * @throws Problem `locked`, `host_unreachable`
 * @example
 * const {containers} = await remove(context, await readTarget(context, 'local'), {volumes: false});
 */
export const remove = (
  context: Context,
  target: Target,
  options: {readonly volumes: boolean},
): Promise<hosts.Removed> => engineOf(target).remove(context, target, options);

/**
 * The URL of a deployed service: that of its first balancer; empty in a dry run of the first deploy.
 * @throws Problem `not_deployed`, `host_unreachable`
 * @example
 * const url = await addressOf(context, await readTarget(context, 'local')); // http://127.0.0.1:49153
 */
export const addressOf = (context: Context, target: Target): Promise<string> =>
  engineOf(target).addressOf(context, target);
