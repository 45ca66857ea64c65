import {setTimeout as sleep} from 'node:timers/promises';
import {sshText} from '../../commands/destination.ts';
import {dockerInspect, dockerPs, labelCell, parseRows, rowFormat} from '../../commands/docker/index.ts';
import {
  heldMark,
  releaseLock,
  releaseOwnLock,
  removeDeadLock,
  renewLock,
  takeLock as lockCommand,
  waitForCommands,
} from '../../commands/host.ts';
import {isProblem, problem} from '../../errors.ts';
import {onDestination} from '../../service/hosts.ts';
import {type Host, isRemote} from '../../service/hosts.ts';
import {type Command, type Commands, quote, titled} from '../../shell/argv.ts';
import {mapEach, settleEach} from '../../shell/concurrency.ts';
import type {Repetition, Scope} from '../../shell/index.ts';
import {shellText} from '../../shell/script.ts';
import {lockName, type Stack, stackLabels, stackName} from '../../stack/names.ts';
import type {Context} from '../../task.ts';
import {commandOn, type HostConnection, prunedImage, runOn, scopeOn, stepOn} from './connection.ts';
import {isDead} from './deployer.ts';
import {afterRenewal, confirmSeconds, type Lease, leaseState} from './lease.ts';
import {
  type HeldLock,
  labelsOfRun,
  lockTerm,
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
  /**
   * Checks that the locks have been renewed in time, and renews them if they have not: this machine may have slept.
   * @throws Problem `lock_lost` if another deployer has taken them meanwhile, or too few hosts can be reached
   */
  readonly requireHeld: () => Promise<void>;
  readonly stopRenewing: () => Promise<void>;
}

/**
 * Locks an environment: two deploys must not interleave. A container's name is unique on an engine, so that creating one is
 * atomic for all deployers. Its first renewal starts it, because a `docker system prune` removes every container that does
 * not run; until then, a file beside it keeps others away. The first
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
  const take = (one: LockSite): Promise<boolean> => takeLock(context, scope, one, options);
  const changed = [await take(first), ...(await mapEach(others, take, options.parallel))].some(Boolean);
  let lease: Lease = {renewed: began, taken: false};
  const renewed = ({started, succeeded, errors}: Repetition): void => {
    lease = afterRenewal(lease, {sent: started, succeeded, taken: errors.filter(isNameTaken).length}, machines);
  };
  const renewalOn = ({surveyed}: LockSite): Command =>
    titled(renewLock(lockTerm(options, options.imageOn(surveyed)), labelsOfRun(options)), 'renew the lock');
  const stopRenewing = scope.every(
    Math.round(lockSeconds / 3),
    hosts.map((one) => commandOn(one.connection, renewalOn(one))),
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
    if (leaseState(lease, Date.now()) === 'overdue') {
      context.note('the lock was not renewed in time, as after sleep or without a network: renewing it');
      await renew();
      await sleep(confirmSeconds * 1000);
      await renew();
    }
    const state = leaseState(lease, Date.now());
    if (state !== 'held') throw lostProblem(stack, state);
  };
  return {changed, requireHeld, stopRenewing};
}

/** Another deployer has a container of this name. */
const isNameTaken = (error: unknown): boolean =>
  isProblem(error) && error.details.some((line) => line.includes('is already in use'));

/** The lock of another deployer, whose container a prune has removed, as the host's file has it. */
function heldByFile(error: unknown): HeldLock | undefined {
  const line = isProblem(error) ? error.details.find((one) => one.includes(heldMark)) : undefined;
  if (line === undefined) return undefined;
  const [left = '', owner = '', reason = ''] = line.split(`${heldMark} `)[1]?.split(' ') ?? [];
  return {...unknownLock, owner, reason, age: lockSeconds - Number(left), left: Number(left)};
}

const unknownLock: HeldLock = {
  id: '',
  owner: 'another deployer',
  reason: 'deploy',
  process: '',
  age: 0,
  left: lockSeconds,
  stamp: '',
};

const tries = 3;
const releaseTitle = 'release the lock';

/** @returns whether the host has changed since the survey */
async function takeLock(
  {note}: Context,
  scope: Scope,
  {connection, surveyed}: LockSite,
  options: LockOptions,
): Promise<boolean> {
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
          removeDeadLock(name, held.id, held.stamp),
        ];
  const list = dockerPs(stackLabels(stack), rowFormat(summaryColumns));
  const commands = [...takeOver, lockCommand(lockTerm(options, options.imageOn(surveyed))), list];
  const attempt = (on: HostConnection, left: number): ReturnType<typeof runOn> =>
    runOn(on, commands, {capture: true, purpose: `cannot take the lock${onDestination(host)}`}).catch(
      async (error: unknown) => {
        const image = prunedImage(error);
        if (left === 0 || image === undefined) throw error;
        const pulls = options.pull?.(host, image) ?? [];
        if (pulls.length > 0) {
          note(`a prune${onDestination(host)} removed the image ${image}: pulling it again`);
          await runOn(on, pulls, {capture: true, retry: true, purpose: 'cannot pull the image again'});
        }
        return attempt(on, left - 1);
      },
    );
  try {
    const {stdout} = await stepOn(connection, 'take the lock', (on) => attempt(on, tries));
    // Only now: the lock of another deployer must stay.
    scopeOn(scope, connection).onFailure(titled(releaseLock(name), releaseTitle));
    return held !== undefined || (stdout.trim() !== '' && hasChanged(stdout, surveyed));
  } catch (error) {
    const other = heldByFile(error);
    if (other !== undefined) throw lockedProblem(stack, other, host);
    if (!isNameTaken(error)) {
      const release = releaseOwnLock(name, options.token, labelsOfRun(options));
      scopeOn(scope, connection).onFailure(titled(release, releaseTitle));
      throw error;
    }
    const {stdout} = await connection.context.run.read(dockerInspect(name, lockFormat), {allow: [1]});
    const named = parseLock(stdout.trim(), new Date().toISOString());
    throw lockedProblem(stack, {...unknownLock, ...named, age: 0}, host);
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
  const removal = shellText(releaseLock(lockName(stack)));
  return problem({
    code: 'locked',
    what: `${stack.service} in ${stack.environment} is locked by ${owner} (${reason}, held for ${age} s)${onDestination(host)}`,
    fix: `wait for the other one; the lock of a dead owner expires in ${Math.max(1, left)} s, or remove it: ${isRemote(host) ? `${sshText(host)} ${quote(removal)}` : removal}`,
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
