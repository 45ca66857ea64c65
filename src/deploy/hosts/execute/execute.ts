import {randomBytes} from 'node:crypto';
import {setImmediate as turn} from 'node:timers/promises';
import {isProblem} from '../../../errors.ts';
import {isRemote} from '../../../service/hosts.ts';
import {titled} from '../../../shell/argv.ts';
import {mapEach} from '../../../shell/concurrency.ts';
import {stackName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {type Deployed, stackOf, type Target} from '../../target.ts';
import {commandOn, isPrunedContainer} from '../connection.ts';
import {ownerName} from '../deployer.ts';
import {fleetOf} from '../fleet.ts';
import {takeLocks} from '../lock.ts';
import {machinesOf} from '../machines.ts';
import type {Plan} from '../plan/plan.ts';
import {pullStep} from '../plan/steps/replicas.ts';
import {logEntryCommand, type ReleaseLogEntry} from '../release-log.ts';
import {balancerUrl, onlyOn} from '../service-address.ts';
import type {SurveyedHost} from '../state.ts';
import {survey, type Survey, type SurveyOptions} from '../survey.ts';
import {compareReleases, comparisonTitle} from './compare-releases.ts';
import type {Executor} from './executor.ts';
import {runRounds, tidyUp} from './rounds.ts';

/** Makes a plan. Pure: it is called again if the hosts changed before they were locked. */
export type Planner = (surveyed: readonly SurveyedHost[], entry: ReleaseLogEntry) => Plan;

export interface Execution extends Omit<SurveyOptions, 'network' | 'wake'> {
  readonly reason: Plan['what'];
  readonly planner: Planner;
  /** Stop after the plan. Default false. */
  readonly planOnly?: boolean;
}

/** The plan and, unless it was only planned, the result. */
export interface Executed {
  readonly plan: Plan;
  readonly deployed: Deployed | undefined;
}

/**
 * The only way in which hosts change: survey, plan, pull, lock, run, compare, finish. Until the comparison has passed, any
 * failure on any host, Ctrl-C included, undoes everything on all of them.
 */
export async function execute(
  context: Context,
  target: Target,
  {reason, planner, planOnly, ...options}: Execution,
): Promise<Executed> {
  const {settings} = target;
  // Dedicated balancers use no network of the environment.
  const surveyAll = (wake: boolean): Promise<Survey> =>
    survey(context, target, {...options, network: ({app}) => app, wake});
  // The hosts answer meanwhile: node:crypto takes 9 ms to load.
  const [before, token] = await Promise.all([surveyAll(planOnly !== true), turn().then(newToken)]);
  const entry: ReleaseLogEntry = {token, what: reason, owner: ownerName(context), at: new Date().toISOString()};
  const early = planner(before.surveyed, entry);
  if (planOnly === true) return {plan: early, deployed: undefined};
  const executor: Executor = {
    context,
    connectionTo: before.connectionTo,
    parallel: settings.parallel,
    prefix: stackName(stackOf(target)),
    pull: (host, image) => pullStep(target.service, host, [image]),
    graceSeconds: settings.stop_timeout_seconds + settings.drain_timeout_seconds + 10,
    stepSeconds:
      mostSeconds + settings.ready_timeout_seconds + settings.drain_timeout_seconds + settings.stop_timeout_seconds,
  };
  const plan = await context.run.scope(async (outer) => {
    // Before anything changes; in the scope, they are remembered until its end.
    await context.run.readSecrets([...early.first, ...early.rounds].flat().flatMap(({commands}) => commands));
    await runRounds(executor, outer, early.first);
    const hosts = early.hosts
      .flatMap((host) => before.surveyed.filter(({machine}) => machine.host === host))
      .map((surveyed) => ({connection: before.connectionTo(surveyed.machine.host), surveyed}));
    const locks = await takeLocks(context, outer, hosts, {
      stack: stackOf(target),
      reason,
      owner: entry.owner,
      token: entry.token,
      graceSeconds: executor.graceSeconds,
      parallel: settings.parallel,
      machines: machinesOf(settings).length,
      imageOn: ({machine: {app, leaves}, state}) =>
        app && !leaves ? early.image : (state.containers[0]?.image ?? settings.load_balancer.image),
      pull: (host, image) => pullStep(target.service, host, [image]).flatMap(({commands}) => commands),
    });
    // Another deploy may have finished between the survey and the locks.
    const final = locks.changed ? planner((await surveyAll(true)).surveyed, entry) : early;
    const held: Executor = {...executor, beforeRound: locks.requireHeld};
    const go = async (current: Plan, itsEntry: ReleaseLogEntry, left: number): Promise<Plan> => {
      try {
        await change(held, target, current, itsEntry);
        return current;
      } catch (error) {
        if (isLockLost(error)) outer.keep();
        // Containers of a kept release are stopped, and a prune takes what does not run.
        if (left === 0 || current.what !== 'rollback' || !isPrunedContainer(error)) throw error;
      }
      context.note(`a prune removed the containers of release ${current.release}: they are created anew`);
      const again = {...itsEntry, token: newToken()};
      const next = planner((await surveyAll(true)).surveyed, again);
      await runRounds(held, outer, next.first);
      return go(next, again, left - 1);
    };
    const done = await go(final, entry, pruneTries);
    await locks.stopRenewing();
    await tidyUp(executor, done.finish);
    return done;
  });
  return {plan, deployed: await resultOf(context, target, plan, before)};
}

const newToken = (): string => randomBytes(4).toString('hex');

const pruneTries = 2;

// An hour, for an image that is pulled over a slow line.
const mostSeconds = 3600;

/** Runs the plan up to its finish, or undoes it. */
async function change(executor: Executor, target: Target, plan: Plan, entry: ReleaseLogEntry): Promise<void> {
  const {context} = executor;
  context.note(
    `${plan.what === 'rollback' ? 'back to release' : 'release'} ${plan.release} of ${executor.prefix}: ${plan.image}`,
  );
  for (const note of plan.notes) context.note(note);
  const failed = plan.hosts.map((host) =>
    titled(
      commandOn(executor.connectionTo(host), logEntryCommand(stackOf(target), entry, {...plan, result: 'failed'})),
      'note the failure in the release log',
    ),
  );
  await context.run.scope(async (scope) => {
    scope.onFailure(...failed);
    try {
      await runRounds(executor, scope, plan.rounds);
      const {comparison} = plan;
      // The script of a dry run cannot compare: it waits.
      if (comparison !== undefined)
        await context.run.step(comparisonTitle(plan, comparison), (run) =>
          run.act(`sleep ${comparison.seconds}`, () => compareReleases(executor, plan, comparison)),
        );
      await executor.beforeRound?.();
    } catch (error) {
      if (isLockLost(error)) scope.keep();
      throw error;
    }
  });
}

// Someone else holds the lock now; rolling back would undo their work.
const isLockLost = (error: unknown): boolean => isProblem(error) && error.code === 'lock_lost';

async function resultOf(
  context: Context,
  target: Target,
  plan: Plan,
  {surveyed, skipped, connectionTo}: Survey,
): Promise<Deployed> {
  const balancers = fleetOf(target, surveyed).balancers.map((one) => one.surveyed.machine.host);
  const addresses = await mapEach(
    balancers,
    (host) => balancerUrl(target, connectionTo(host)),
    target.settings.parallel,
  );
  const [url = ''] = addresses;
  const [first] = balancers;
  const machine = first === undefined || isRemote(first) ? '' : await onlyOn(url, connectionTo(first));
  if (machine !== '')
    context.note(`${url} is an address of ${machine}, where the engine runs: load_balancer.address can be another`);
  const {service, environment, release, previous, image} = plan;
  return {service, environment, release, previous, image, address: url, addresses, skipped};
}
