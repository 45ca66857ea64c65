import {setTimeout as sleep} from 'node:timers/promises';
import {sshText} from '../../commands/destination.ts';
import {
  dockerInspect,
  dockerPs,
  dockerRemove,
  dockerRemoveLabelled,
  dockerStart,
  labelCell,
  parseRows,
  rowFormat,
} from '../../commands/docker/index.ts';
import {removeDeadLock, renewLock, takeLock as lockCommand, waitForCommands} from '../../commands/host.ts';
import {isProblem, problem} from '../../errors.ts';
import {onDestination} from '../../service/hosts.ts';
import {type Host, isRemote} from '../../service/hosts.ts';
import {type Commands, titled, type Words} from '../../shell/argv.ts';
import {mapEach, settleEach} from '../../shell/concurrency.ts';
import type {Repetition, Scope} from '../../shell/index.ts';
import {lockName, type Stack, stackLabels, stackName} from '../../stack/names.ts';
import type {Context} from '../../task.ts';
import {commandOn, type HostConnection, prunedImage, runOn, scopeOn, stepOn} from './connection.ts';
import {isDead} from './deployer.ts';
import {afterRenewal, confirmSeconds, type Lease, leaseState} from './lease.ts';
import {
  type HeldLock,
  labelsOfRun,
  lockContainer,
  lockFormat,
  lockSeconds,
  parseLock,
  type WantedLock,
} from './lock-label.ts';
import type {SurveyedHost} from './state.ts';

export interface LockOptions extends WantedLock {
  /** An image that the host has: a lock is a container that does nothing. */
  readonly imageOn: (surveyed: SurveyedHost) => string;
  /** Pulls that image again, if a prune has removed it since. Default: not at all. */
  readonly pull?: ((host: Host, image: string) => Commands) | undefined;
  /** Number of machines, unreachable ones included. */
  readonly machines: number;
  /** Hosts to lock at a time. */
  readonly parallel: number;
  /** How long to wait for commands that a dead deployer left running on a host, in seconds. */
  readonly graceSeconds: number;
}

export interface LockSite {
  readonly connection: HostConnection;
  readonly surveyed: SurveyedHost;
}

export interface Locks {
  /** Whether the hosts have changed since the survey. */
  readonly changed: boolean;
  /** Resolves when no command that starts a lock runs any more, whatever the outcome. */
  readonly settled: Promise<unknown>;
  /**
   * Checks that the locks run and have been renewed in time, and renews them if they have not: a prune took one before it
   * ran, or this machine has slept.
   * @throws Problem `lock_lost` if another deployer has taken them meanwhile, or too few hosts can be reached
   */
  readonly requireHeld: () => Promise<void>;
  readonly stopRenewing: () => Promise<void>;
}

/**
 * Locks an environment: two deploys must not interleave. A container's name is unique on an engine, so that creating one is
 * atomic for all deployers; it runs, because a `docker system prune` removes every container that does not. It starts
 * while the first replicas do: {@link Locks.requireHeld} waits for that. The first
 * machine decides between two that start at the same time; the others follow concurrently. The lock is valid when half of all machines or more hold it, so a machine that is down blocks no deploy.
 * The locks are renewed while this process lives. The scope releases them after a failure or Ctrl-C, and the last step
 * after success.
 * @throws Problem `locked` when another deploy holds it, `no_majority`
 */
export async function takeLocks(
  context: Context,
  scope: Scope,
  hosts: readonly LockSite[],
  options: LockOptions,
): Promise<Locks> {
  const {stack, machines} = options;
  const [first, ...others] = hosts;
  if (first === undefined || hosts.length * 2 < machines) throw noMajority(options, hosts.length);
  const began = Date.now();
  const take = (one: LockSite): Promise<Taken> => takeLock(context, scope, one, options);
  const taken = [await take(first), ...(await mapEach(others, take, options.parallel))];
  const starts = Promise.all(taken.map((one) => one.started));
  let lease: Lease = {renewed: began, taken: false};
  const renewed = ({started, succeeded, errors}: Repetition): void => {
    lease = afterRenewal(lease, {sent: started, succeeded, taken: errors.filter(isNameTaken).length}, machines);
  };
  const renewalOn = (one: LockSite): Words =>
    renewLock(lockContainer(options, options.imageOn(one.surveyed)), labelsOfRun(options), lockSeconds);
  const stopRenewing = scope.every(
    Math.round(lockSeconds / 3),
    hosts.map((one) => titled(commandOn(one.connection, renewalOn(one)), 'renew the lock')),
    renewed,
  );
  const renew = async (): Promise<void> => {
    const started = Date.now();
    const done = await settleEach(
      hosts,
      (one) => one.connection.context.run(renewalOn(one), {capture: true}),
      options.parallel,
    );
    const errors = done.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    const interrupt = errors.find((error) => isProblem(error) && error.code === 'interrupted');
    if (interrupt !== undefined) throw interrupt;
    renewed({started, succeeded: done.length - errors.length, errors});
  };
  const requireHeld = async (): Promise<void> => {
    for (const error of await starts) if (error !== undefined && !isPruned(error)) throw error;
    if ((await starts).some(isPruned) && lease.renewed === began) await renew();
    if (leaseState(lease, Date.now()) === 'overdue') {
      context.note('the lock was not renewed in time, as after sleep or without a network: renewing it');
      await renew();
      await sleep(confirmSeconds * 1000);
      await renew();
    }
    const state = leaseState(lease, Date.now());
    if (state !== 'held') throw lostProblem(stack, state);
  };
  return {changed: taken.some(({changed}) => changed), settled: starts, requireHeld, stopRenewing};
}

/** Another deployer has a container of this name. */
const isNameTaken = (error: unknown): boolean =>
  isProblem(error) && error.details.some((line) => line.includes('is already in use'));

/** A prune removed the container between its creation and its start. */
const isPruned = (error: unknown): boolean =>
  isProblem(error) && error.details.some((line) => /No such container: /i.test(line));

const tries = 3;
const releaseTitle = 'release the lock';

interface Taken {
  /** Whether the host has changed since the survey. */
  readonly changed: boolean;
  /** Resolves when the lock runs, or to the reason why it does not. */
  readonly started: Promise<unknown>;
}

// The engine's list of containers comes before it, the start of the lock after it.
const takenMark = 'lock taken';

async function takeLock(
  {note}: Context,
  scope: Scope,
  {connection, surveyed}: LockSite,
  options: LockOptions,
): Promise<Taken> {
  const {stack, graceSeconds} = options;
  const {host} = connection;
  const name = lockName(stack);
  const held = surveyed.state.lock;
  if (held !== undefined && !isOver(held)) throw lockedProblem(stack, held, host);
  if (held !== undefined)
    note(
      `taking over the lock of ${held.owner} (${held.reason})${onDestination(host)}: ${held.left < 0 ? `it expired ${-held.left} s ago` : 'its process is dead'}`,
    );
  const takeOver =
    held === undefined
      ? []
      : [
          ...(isRemote(host) ? [waitForCommands(stackName(stack), graceSeconds)] : []),
          removeDeadLock(held.id, held.stamp),
        ];
  const list = dockerPs(stackLabels(stack), rowFormat(summaryColumns));
  const commands = [
    ...takeOver,
    lockCommand(lockContainer(options, options.imageOn(surveyed))),
    list,
    ['echo', takenMark],
    dockerStart(name),
  ];
  const attempt = async (left: number): Promise<{readonly stdout: string; readonly started: Promise<unknown>}> => {
    const mark = Promise.withResolvers<string>();
    let seen = '';
    const running = stepOn(connection, 'take the lock', (on) =>
      runOn(on, commands, {
        capture: true,
        purpose: `cannot take the lock${onDestination(host)}`,
        onStdout: (chunk) => {
          seen += chunk;
          if (seen.includes(takenMark)) mark.resolve(seen);
        },
      }),
    );
    const outcome = running.then(
      () => undefined,
      (error: unknown) => error,
    );
    try {
      const stdout = await Promise.race([mark.promise, running.then((result) => result.stdout)]);
      return {stdout: stdout.split(takenMark)[0] ?? '', started: outcome};
    } catch (error) {
      const image = prunedImage(error);
      if (left === 0 || image === undefined) throw error;
      const pulls = options.pull?.(host, image) ?? [];
      if (pulls.length > 0) {
        note(`a prune${onDestination(host)} removed the image ${image}: pulling it again`);
        await runOn(connection, pulls, {capture: true, retry: true, purpose: 'cannot pull the image again'});
      }
      return attempt(left - 1);
    }
  };
  try {
    const {stdout, started} = await attempt(tries);
    // Only now: the lock of another deployer must stay.
    scopeOn(scope, connection).onFailure(titled(dockerRemove(name), releaseTitle));
    return {changed: held !== undefined || (stdout.trim() !== '' && hasChanged(stdout, surveyed)), started};
  } catch (error) {
    if (!isNameTaken(error)) {
      // The lock may exist or not, and may be another deployer's: the token decides.
      const release = titled(dockerRemoveLabelled(labelsOfRun(options)), releaseTitle);
      scopeOn(scope, connection).onFailure(release);
      throw error;
    }
    const {stdout} = await connection.context.run.read(dockerInspect(name, lockFormat), {allow: [1]});
    const other = parseLock(stdout.trim(), new Date().toISOString());
    throw lockedProblem(
      stack,
      {
        id: '',
        owner: 'another deployer',
        reason: 'deploy',
        process: '',
        left: lockSeconds,
        stamp: '',
        ...other,
        age: 0,
      },
      host,
    );
  }
}

/** The part of a survey that another deploy changes. */
const summaryColumns = {name: '{{.Names}}', state: '{{.State}}', role: labelCell('entrypoint.role')};

const lastingRoles: ReadonlySet<string> = new Set(['app', 'balancer', 'backing']);

const summary = (containers: readonly {name: string; state: string; role: string}[]): string =>
  containers
    .filter(({role}) => lastingRoles.has(role))
    .map((one) => `${one.name} ${one.state}`)
    .toSorted()
    .join('\n');

function hasChanged(listed: string, {state}: SurveyedHost): boolean {
  return summary(parseRows(summaryColumns, listed)) !== summary(state.containers);
}

/** Expired by its host's clock, or taken by a process that this machine can see to be dead. */
function isOver({left, process: mark}: HeldLock): boolean {
  return left < 0 || isDead(mark);
}

function lockedProblem(stack: Stack, {owner, reason, age, left}: HeldLock, host: Host): Error {
  return problem({
    code: 'locked',
    what: `${stack.service} in ${stack.environment} is locked by ${owner} (${reason}, held for ${age} s)${onDestination(host)}`,
    fix: `wait for the other one; the lock of a dead owner expires in ${Math.max(1, left)} s, or remove it: ${isRemote(host) ? `${sshText(host)} ` : ''}docker rm --force ${lockName(stack)}`,
  });
}

function lostProblem({service, environment}: Stack, state: 'overdue' | 'taken'): Error {
  return problem({
    code: 'lock_lost',
    what: `${state === 'taken' ? `another deployer has taken the lock of ${service} in ${environment}` : `the lock of ${service} in ${environment} expired while this machine was asleep or offline, and cannot be renewed`}: stopped without rolling back, because another deploy may be running`,
    fix: `check what serves (entrypoint status ${environment}), then deploy again`,
  });
}

function noMajority({stack, machines}: LockOptions, reached: number): Error {
  return problem({
    code: 'no_majority',
    what: `cannot lock ${stack.service} in ${stack.environment}: only ${reached} of its ${machines} hosts can be reached, fewer than half`,
    fix: 'bring more of them back up, or remove dead ones from deploy.yaml',
  });
}
