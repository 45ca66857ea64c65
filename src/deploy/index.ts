// Everything that tasks need of a deployed service. An engine does the work: `hosts` today. `swarm` and `kubernetes` will
// be directories beside it, whose index.ts exports the same functions.
import type {ImageReference} from '../image/find.ts';
import type {Context} from '../task.ts';
import * as hosts from './hosts/index.ts';
import type {Target} from './target.ts';

export type {
  FailureCause,
  ContainerStatus,
  Delivery,
  DeployOptions,
  ExecOptions,
  Executed,
  History,
  HostLogCheck,
  HostStatus,
  LogCheck,
  LogCheckOptions,
  LogOptions,
  LogSource,
  Measured,
  Phase,
  Plan,
  Release,
  ReleaseComparison,
  Removed,
  RemoveOptions,
  RollbackOptions,
  Round,
  Status,
  Step,
} from './hosts/index.ts';
export {historyText, logCheckText, planText, requireStarts as requireLogStarts, statusText} from './hosts/index.ts';
export {batchPattern} from '../service/schema/batch.ts';
export {readTarget} from './target.ts';
export type {Deployed, Target} from './target.ts';

type Engine = typeof hosts;

// One engine so far: the target will choose it.
const engineOf = (_target: Target): Engine => hosts;

/**
 * Starts an image beside the old release and switches the traffic to it, on every host or on none: any failure undoes
 * everything. With `planOnly`, only plans; with `canary`, gives the new release a share of the requests.
 * @param image what `imageToDeploy` returns: a digest or an id, because what was tested is what runs. Default of
 * `commit`: the image's own label
 * @throws Problem `locked`, `no_majority`, `lock_lost`, `host_unreachable`, `engine_unavailable`, `secret_missing`,
 * `canary_under_way`, `balancer_differs`, `no_address`, `worse_release`, `command_failed`
 * @example
 * const target = await readTarget(context, 'prod');
 * const image = await imageToDeploy(context, target);
 * const {deployed} = await deployImage(context, target, image, {batch: '25%'});
 * context.say(`release ${deployed?.release} serves at ${deployed?.address}`);
 */
export const deployImage = (
  context: Context,
  target: Target,
  image: Pick<ImageReference, 'reference'> & Partial<ImageReference>,
  options?: hosts.DeployOptions,
): Promise<hosts.Executed> =>
  engineOf(target).deploy(
    context,
    {
      ...target,
      image: image.reference,
      commit: image.commit ?? '',
      platforms: image.platform === undefined ? undefined : [image.platform],
    },
    options,
  );

/**
 * Ends a canary: `continue` gives it all requests, `abort` removes it.
 * @throws Problem `no_canary`, and those of {@link deployImage}
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
 * Moves the traffic back to a kept release, by default the previous one, on every host or on none. Nothing is pulled.
 * @throws Problem `not_deployed`, `no_previous_release`, and those of {@link deployImage}
 * @example
 * await rollBackRelease(context, await readTarget(context, 'prod'), {to: 4});
 */
export const rollBackRelease = (
  context: Context,
  target: Target,
  options?: hosts.RollbackOptions,
): Promise<hosts.Executed> => engineOf(target).rollback(context, target, options);

/**
 * Reads what runs in an environment, and how it differs from what should.
 * @throws Problem `host_unreachable`, `engine_unavailable`
 * @example
 * const {release, drift} = await readStatus(context, await readTarget(context, 'prod'));
 */
export const readStatus = (context: Context, target: Target): Promise<hosts.Status> =>
  engineOf(target).status(context, target);

/**
 * Reads the release log: every deploy, rollback and canary, newest first.
 * @throws Problem `host_unreachable`, `engine_unavailable` if no host can be read
 * @example
 * const {releases} = await readHistory(context, await readTarget(context, 'prod'));
 */
export const readHistory = (context: Context, target: Target): Promise<hosts.History> =>
  engineOf(target).history(context, target);

/**
 * Prints the logs of all serving replicas, each line with its host and container.
 * @throws Problem `not_deployed`, `host_unreachable`
 * @example
 * await printLogs(context, await readTarget(context, 'prod'), {tail: 100});
 */
export const printLogs = (context: Context, target: Target, options?: hosts.LogOptions): Promise<void> =>
  engineOf(target).logs(context, target, options);

/**
 * Tests the log driver of an environment on each of its hosts: its endpoint, and the start of a container with it. With
 * `measure`, sends a numbered stream through it and counts what blocks, is dropped and arrives.
 * @throws Problem `not_deployed`, `host_unreachable`, `engine_unavailable`
 * @example
 * context.say(logCheckText(await checkLogDriver(context, await readTarget(context, 'prod'), {measure: true})));
 */
export const checkLogDriver = (
  context: Context,
  target: Target,
  options?: hosts.LogCheckOptions,
): Promise<hosts.LogCheck> => engineOf(target).checkLog(context, target, options);

/**
 * Runs `context.rest` in a serving replica, or in all of them.
 * @throws Problem `not_deployed`, `unknown_host`, `unknown_user`; `command_failed` with the exit code of the command
 * @example
 * const target = await readTarget(context, 'prod');
 * await execInReplica({...context, rest: ['node', 'scripts/reindex.ts']}, target);
 */
export const execInReplica = (context: Context, target: Target, options?: hosts.ExecOptions): Promise<void> =>
  engineOf(target).exec(context, target, options);

/**
 * Turns maintenance mode on or off: every request gets the maintenance page; the replicas keep running.
 * @throws Problem `not_deployed`, `host_unreachable`
 * @example
 * await setMaintenance(context, await readTarget(context, 'prod'), true);
 */
export const setMaintenance = (context: Context, target: Target, on: boolean): Promise<void> =>
  engineOf(target).maintenance(context, target, on);

/**
 * Removes everything deployed to an environment; with `volumes`, also the data of its backing services.
 * @throws Problem `locked`, `host_unreachable`
 * @example
 * const {containers} = await removeDeployment(context, await readTarget(context, 'local'));
 */
export const removeDeployment = (
  context: Context,
  target: Target,
  options?: hosts.RemoveOptions,
): Promise<hosts.Removed> => engineOf(target).remove(context, target, options);

/**
 * The URL of a deployed service: that of its first balancer; empty in a dry run of the first deploy.
 * @throws Problem `not_deployed`, `host_unreachable`
 * @example
 * const url = await addressOf(context, await readTarget(context, 'local')); // http://127.0.0.1:49153
 */
export const addressOf = (context: Context, target: Target): Promise<string> =>
  engineOf(target).addressOf(context, target);
