import {hasRemoteHosts} from '../../../service/hosts.ts';
import type {Context} from '../../../task.ts';
import type {Deployed, Deployment, Target} from '../../target.ts';
import {execute} from '../execute/execute.ts';
import {percentOf, planAbort, planCanary, planContinue} from '../plan/canary.ts';
import {type DeployOptions, planDeploy} from '../plan/deploy.ts';
import type {Plan} from '../plan/plan.ts';
import {planRollback} from '../plan/rollback.ts';
import type {Entry} from '../release-log.ts';

export interface ApplyOptions {
  /** How many hosts at a time; default: the file's. */
  readonly batch?: string | number | undefined;
  readonly skipUnreachable?: boolean;
  /** Only tell what would be done. */
  readonly planOnly?: boolean;
  /** `10%`: begin with this share of the requests, and leave it there. */
  readonly canary?: string | undefined;
}

/** What was planned and, unless it was to be told only, what came of it. */
export interface Applied {
  readonly plan: Plan;
  readonly deployed: Deployed | undefined;
}

/** Brings a release up beside the old one and moves the traffic over, on every host or on none. */
export async function apply(context: Context, deployment: Deployment, options: ApplyOptions = {}): Promise<Applied> {
  const {skipUnreachable = false, planOnly = false, canary} = options;
  const percent = canary === undefined ? undefined : percentOf(canary);
  return execute(context, deployment, {
    reason: canary === undefined ? 'deploy' : 'canary',
    images: ({app, balancer}) => [
      ...(app ? [deployment.image] : []),
      ...(balancer ? [deployment.settings.load_balancer.image] : []),
    ],
    skipUnreachable,
    planOnly,
    planner: (found, entry) => {
      const how = planOptions(deployment, options, entry);
      return percent === undefined ? planDeploy(deployment, found, how) : planCanary(deployment, found, percent, how);
    },
  });
}

/** Gives the canary all requests, or takes it away. */
export async function endCanary(
  context: Context,
  target: Target,
  how: 'continue' | 'abort',
  options: ApplyOptions = {},
): Promise<Applied> {
  const {skipUnreachable = false, planOnly = false} = options;
  const plan = how === 'continue' ? planContinue : planAbort;
  return execute(context, target, {
    reason: how,
    skipUnreachable,
    planOnly,
    planner: (found, entry) => plan(target, found, planOptions(target, options, entry)),
  });
}

// On a laptop nobody else asks the service.
const planOptions = ({settings}: Target, {batch}: ApplyOptions, entry: Entry): DeployOptions => ({
  batch: batch ?? settings.batch,
  watchSeconds: settings.watch_seconds ?? (hasRemoteHosts(settings) ? 5 : 0),
  entry,
});

export interface RollbackOptions {
  /** Default: the release before the one that serves. */
  readonly to?: number | undefined;
  readonly skipUnreachable?: boolean;
  readonly planOnly?: boolean;
}

/** Goes back to a release whose containers are still there, on every host or on none. */
export function rollback(
  context: Context,
  target: Target,
  {to, ...options}: RollbackOptions = {},
): Promise<{plan: Plan; deployed: Deployed | undefined}> {
  return execute(context, target, {
    reason: 'rollback',
    ...options,
    planner: (found, entry) => planRollback(target, found, {to, entry}),
  });
}
