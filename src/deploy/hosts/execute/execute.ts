import {randomBytes} from 'node:crypto';
import {isProblem} from '../../../errors.ts';
import {stackName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {type Deployed, machinesOf, stackOf, type Target} from '../../target.ts';
import {addressOf} from '../address.ts';
import {viewOf} from '../fleet.ts';
import {commandOn, each} from '../host.ts';
import {ownerName, takeLocks} from '../lock.ts';
import type {Plan} from '../plan/plan.ts';
import {type Entry, entryCommand} from '../release-log.ts';
import type {Found} from '../state.ts';
import {survey, type Survey, type SurveyOptions} from '../survey.ts';
import {carryOut, type Crew, keepWatch, tidyUp} from './carry-out.ts';
import {requireSecrets} from './secrets.ts';

/** Makes a plan of what was found. Pure: it is made again where something has changed before the lock was held. */
export type Planner = (found: readonly Found[], entry: Entry) => Plan;

export interface Execution extends Omit<SurveyOptions, 'network' | 'wake'> {
  readonly reason: Plan['what'];
  readonly planner: Planner;
  /** Stop after the plan. */
  readonly planOnly?: boolean;
}

/**
 * The one way in which anything is changed on the hosts: look, plan, pull, lock, carry out, watch, finish. Until the
 * last check has passed, any failure on any host, Ctrl-C included, puts everything back on all of them.
 */
export async function execute(
  context: Context,
  target: Target,
  {reason, planner, planOnly, ...options}: Execution,
): Promise<{plan: Plan; deployed: Deployed | undefined}> {
  const {settings} = target;
  // Balancers on machines of their own are in none.
  const look = (wake: boolean): Promise<Survey> => survey(context, target, {...options, network: ({app}) => app, wake});
  const looked = await look(planOnly !== true);
  const entry: Entry = {
    token: randomBytes(4).toString('hex'),
    what: reason,
    owner: ownerName(context),
    at: new Date().toISOString(),
  };
  const early = planner(looked.found, entry);
  if (planOnly === true) return {plan: early, deployed: undefined};
  await requireSecrets(context, early);
  const patience = settings.stop_timeout_seconds + settings.drain_timeout_seconds + 10;
  const crew = {
    context,
    siteOf: looked.siteOf,
    parallel: settings.parallel,
    prefix: stackName(stackOf(target)),
    patience,
  };
  const plan = await context.run.scope(async (outer) => {
    await carryOut(crew, outer, early.first);
    const places = early.hosts
      .flatMap((host) => looked.found.filter(({machine}) => machine.host === host))
      .map((found) => ({site: looked.siteOf(found.machine.host), found}));
    const locks = await takeLocks(context, outer, places, {
      stack: stackOf(target),
      reason,
      owner: entry.owner,
      token: entry.token,
      patience,
      parallel: settings.parallel,
      machines: machinesOf(settings).length,
      imageOn: ({machine: {app, leaves}, state}) =>
        app && !leaves ? early.image : (state.containers[0]?.image ?? settings.load_balancer.image),
    });
    // Another deploy may have changed it until the locks were ours.
    const settled = locks.changed ? planner((await look(true)).found, entry) : early;
    await change({...crew, before: locks.requireHeld}, target, settled, entry).catch((error: unknown) => {
      if (lockLost(error)) outer.keep();
      throw error;
    });
    await locks.stopRenewing();
    await tidyUp(crew, settled.finish);
    return settled;
  });
  return {plan, deployed: await deployedOf(target, plan, looked)};
}

/** Carries the plan out up to its finish, or puts everything back. */
async function change(crew: Crew, target: Target, plan: Plan, entry: Entry): Promise<void> {
  const {context} = crew;
  context.note(
    `${plan.what === 'rollback' ? 'back to release' : 'release'} ${plan.release} of ${crew.prefix}: ${plan.image}`,
  );
  for (const note of plan.notes) context.note(note);
  const failed = plan.hosts.map((host) =>
    commandOn(host, entryCommand(stackOf(target), entry, {...plan, result: 'failed'})),
  );
  await context.run.scope(async (scope) => {
    scope.onFailure(...failed);
    try {
      await carryOut(crew, scope, plan.rounds);
      const {watch} = plan;
      // A script cannot judge what it will count; it waits.
      if (watch !== undefined) await context.run.act(`sleep ${watch.seconds}`, () => keepWatch(crew, plan, watch));
      crew.before?.();
    } catch (error) {
      if (lockLost(error)) scope.keep();
      throw error;
    }
  });
}

// Whoever has taken over has the say: to put anything back would undo his work.
const lockLost = (error: unknown): boolean => isProblem(error) && error.code === 'lock_lost';

async function deployedOf(target: Target, plan: Plan, {found, skipped, siteOf}: Survey): Promise<Deployed> {
  const balancers = viewOf(target, found).balancers.map((one) => one.found.machine.host);
  const addresses = await each(balancers, (host) => addressOf(target, siteOf(host)), target.settings.parallel);
  const {service, environment, release, previous, image} = plan;
  return {service, environment, release, previous, image, address: addresses[0] ?? '', addresses, skipped};
}
