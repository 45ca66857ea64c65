import {sshText} from '../../commands/destination.ts';
import {
  dockerCreate,
  dockerInspect,
  dockerPs,
  dockerRemove,
  dockerRemoveLabelled,
  labelCell,
  parseRows,
  rowFormat,
} from '../../commands/docker/index.ts';
import {renewLock, waitForCommands} from '../../commands/host.ts';
import {isProblem, problem} from '../../errors.ts';
import {onDestination} from '../../service/hosts.ts';
import {type Host, isRemote} from '../../service/hosts.ts';
import {mapEach} from '../../shell/concurrency.ts';
import type {Scope} from '../../shell/index.ts';
import {lockName, roleLabels, type Stack, stackLabels, stackName} from '../../stack/names.ts';
import type {Context} from '../../task.ts';
import {commandOn, type HostConnection, runOn, scopeOn} from './connection.ts';
import {isDead, processMark} from './deployer.ts';
import {type HeldLock, lockFormat, lockLabel, lockSeconds, parseLock} from './lock-label.ts';
import type {SurveyedHost} from './state.ts';

export interface LockOptions {
  readonly stack: Stack;
  /** The reason of the lock: `deploy`. */
  readonly reason: string;
  readonly owner: string;
  /** Unique to this run of a task. */
  readonly token: string;
  /** An image that the host has: a lock is a container that never runs. */
  readonly imageOn: (surveyed: SurveyedHost) => string;
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
   * Checks that the locks have been renewed in time: this machine may have slept.
   * @throws Problem `lock_lost`
   */
  readonly requireHeld: () => void;
  readonly stopRenewing: () => Promise<void>;
}

/**
 * Locks an environment: two deploys must not interleave. A container's name is unique on an engine, so that creating one is
 * atomic for all deployers. The first machine decides between two that start at the same time; the others follow
 * concurrently. The lock is valid when half of all machines or more hold it, so a machine that is down blocks no deploy.
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
  const take = (one: LockSite): Promise<boolean> => takeLock(context, scope, one, options);
  const changed = [await take(first), ...(await mapEach(others, take, options.parallel))].some(Boolean);
  let renewed = Date.now();
  const renewals = hosts.map(({connection}) => commandOn(connection, renewLock(lockName(stack), lockSeconds)));
  const stopRenewing = scope.every(Math.round(lockSeconds / 3), renewals, (succeeded) => {
    if (succeeded * 2 >= machines && Date.now() - renewed < lockSeconds * 1000) renewed = Date.now();
  });
  const requireHeld = (): void => {
    if (Date.now() - renewed >= lockSeconds * 1000) throw lostProblem(stack);
  };
  return {changed, requireHeld, stopRenewing};
}

/** @returns whether the host has changed since the survey */
async function takeLock(
  {note}: Context,
  scope: Scope,
  {connection, surveyed}: LockSite,
  options: LockOptions,
): Promise<boolean> {
  const {stack, owner, reason, token, imageOn, graceSeconds} = options;
  const {host} = connection;
  const name = lockName(stack);
  const held = surveyed.state.lock;
  if (held !== undefined && !isOver(held)) throw lockedProblem(stack, held, host);
  if (held !== undefined)
    note(
      `taking over the lock of ${held.owner} (${held.reason})${onDestination(host)}: ${held.left < 0 ? `it expired ${-held.left} s ago` : 'its process is dead'}`,
    );
  const labels = {
    ...roleLabels(stack, 'lock'),
    [lockLabel('owner')]: owner,
    [lockLabel('reason')]: reason,
    [lockLabel('process')]: processMark(),
    [lockLabel('token')]: token,
  };
  const takeOver =
    held === undefined
      ? []
      : [...(isRemote(host) ? [waitForCommands(stackName(stack), graceSeconds)] : []), dockerRemove(name)];
  const list = dockerPs(stackLabels(stack), rowFormat(summaryColumns));
  try {
    const {stdout} = await runOn(
      connection,
      [...takeOver, dockerCreate({image: imageOn(surveyed), name, labels, command: ['--list']}), list],
      {capture: true},
    );
    // Only now: the lock of another deployer must stay.
    scopeOn(scope, connection).onFailure(dockerRemove(name));
    return held !== undefined || (stdout.trim() !== '' && hasChanged(stdout, surveyed));
  } catch (error) {
    if (!isProblem(error) || !error.details.some((line) => line.includes('is already in use'))) {
      // The lock may exist or not, and may be another deployer's: the token decides.
      scopeOn(scope, connection).onFailure(dockerRemoveLabelled({...stackLabels(stack), [lockLabel('token')]: token}));
      throw error;
    }
    const {stdout} = await connection.context.run.read(dockerInspect(name, lockFormat), {allow: [1]});
    const other = parseLock(stdout.trim(), new Date().toISOString());
    throw lockedProblem(
      stack,
      {id: '', owner: 'another deployer', reason: 'deploy', process: '', left: lockSeconds, ...other, age: 0},
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
    fix: `wait for the other one; the lock of a dead owner expires in ${Math.max(1, left)} s, or remove it: ${isRemote(host) ? `${sshText(host)} ` : ''}docker rm ${lockName(stack)}`,
  });
}

function lostProblem({service, environment}: Stack): Error {
  return problem({
    code: 'lock_lost',
    what: `the lock of ${service} in ${environment} expired while this machine was asleep or offline: stopped without rolling back, because another deploy may be running`,
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
