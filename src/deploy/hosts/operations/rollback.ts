import type {Context} from '../../../task.ts';
import type {Deployed, Target} from '../../target.ts';
import {execute} from '../execute/execute.ts';
import {planRollback} from '../plan/rollback.ts';
import type {Plan} from '../plan/plan.ts';

export interface RollbackOptions {
  /** Default: the release before the one that serves. */
  readonly to?: number | undefined;
  readonly skipUnreachable?: boolean;
  readonly planOnly?: boolean;
}

/** Goes back to a release whose containers are still there, on every host or on none. */
export function rollback(context: Context, target: Target, {to, ...options}: RollbackOptions = {}): Promise<{plan: Plan; deployed: Deployed | undefined}> {
  return execute(context, target, {reason: 'rollback', ...options, planner: (found, entry) => planRollback(target, found, {to, entry})});
}
