import {readPlatforms} from '../../../registry/platforms.ts';
import {deployLogin} from '../../../registry/pull.ts';
import {hasRemoteHosts} from '../../../service/hosts.ts';
import {backingServicesOf} from '../../../stack/backing-services.ts';
import type {Context} from '../../../task.ts';
import type {Deployment, Target} from '../../target.ts';
import {execute, type Executed} from '../execute/execute.ts';
import {engineHost} from '../machine/engine-host.ts';
import {percentOf, planCanary} from '../plan/canary.ts';
import {planDeploy, type PlanOptions} from '../plan/deploy.ts';
import {planAbort, planContinue} from '../plan/end-canary.ts';
import {factsFor} from '../plan/requirements.ts';
import {planRollback} from '../plan/rollback.ts';
import type {ReleaseLogEntry} from '../release-log.ts';

/** How a deploy proceeds. */
export interface DeployOptions {
  /** Hosts at a time: `all`, a number, or a percentage such as `25%`. Default: `batch` of deploy.yaml. */
  readonly batch?: string | number | undefined;
  /** Leave out unreachable hosts; the next deploy brings them up to date. Default false. */
  readonly skipUnreachable?: boolean;
  /** Stop after the plan. Default false. */
  readonly planOnly?: boolean;
  /** `10%`: give the new release this share of the requests, and leave it there. Default: all requests, at once. */
  readonly canary?: string | undefined;
}

/** Starts a release alongside the old one and switches the traffic to it, on every host or on none. */
export async function deploy(context: Context, given: Deployment, options: DeployOptions = {}): Promise<Executed> {
  const {skipUnreachable = false, planOnly = false, canary} = options;
  // A deploy learns it from the pull, before the lock.
  const platforms =
    given.platforms ??
    (planOnly ? await readPlatforms(context, given.image, deployLogin(context, given.service)) : undefined);
  const deployment = {...given, platforms};
  const percent = canary === undefined ? undefined : percentOf(canary);
  const engine = hasRemoteHosts(deployment.settings) ? undefined : await engineHost(context);
  return execute(context, deployment, {
    reason: canary === undefined ? 'deploy' : 'canary',
    images: ({app, balancer}) => [
      ...(app ? [deployment.image] : []),
      ...(balancer ? [deployment.settings.load_balancer.image] : []),
      ...(app ? backingServicesOf(deployment.service.deployFile, deployment.settings).map(([, {image}]) => image) : []),
    ],
    facts: (machine) => factsFor(deployment, machine, engine),
    skipUnreachable,
    planOnly,
    planner: (surveyed, entry) => {
      const how = planOptions(deployment, options, entry);
      return percent === undefined
        ? planDeploy(deployment, surveyed, how)
        : planCanary(deployment, surveyed, percent, how);
    },
  });
}

/** Gives a canary all requests, or removes it. */
export async function endCanary(
  context: Context,
  target: Target,
  how: 'continue' | 'abort',
  options: Omit<DeployOptions, 'canary'> = {},
): Promise<Executed> {
  const {skipUnreachable = false, planOnly = false} = options;
  const plan = how === 'continue' ? planContinue : planAbort;
  return execute(context, target, {
    reason: how,
    skipUnreachable,
    planOnly,
    planner: (surveyed, entry) => plan(target, surveyed, planOptions(target, options, entry)),
  });
}

// On a laptop there is no traffic to compare.
const planOptions = ({settings}: Target, {batch}: DeployOptions, entry: ReleaseLogEntry): PlanOptions => ({
  batch: batch ?? settings.batch,
  watchSeconds: settings.watch_seconds ?? (hasRemoteHosts(settings) ? 5 : 0),
  entry,
});

/** Where a rollback leads, and how it proceeds. */
export interface RollbackOptions {
  /** Default: the release before the one that serves. */
  readonly to?: number | undefined;
  /** Leave out unreachable hosts. Default false. */
  readonly skipUnreachable?: boolean;
  /** Stop after the plan. Default false. */
  readonly planOnly?: boolean;
}

/** Returns to a release whose containers are kept, on every host or on none. */
export function rollback(context: Context, target: Target, {to, ...options}: RollbackOptions = {}): Promise<Executed> {
  return execute(context, target, {
    reason: 'rollback',
    ...options,
    planner: (surveyed, entry) => planRollback(target, surveyed, {to, entry}),
  });
}
