import {readFileSync, readlinkSync} from 'node:fs';
import {hostname, userInfo} from 'node:os';
import {
  dockerCreate,
  dockerInspect,
  dockerPs,
  dockerRemove,
  dockerRemoveLabelled,
} from '../../commands/docker/index.ts';
import {renewLock, waitForCommands} from '../../commands/host.ts';
import {isProblem, problem} from '../../errors.ts';
import {isRemote} from '../../service/hosts.ts';
import type {Scope} from '../../shell/index.ts';
import {lockName, roleLabels, type Stack, stackLabels, stackName} from '../../stack/names.ts';
import type {Context} from '../../task.ts';
import {commandOn, each, runOn, scopeOn, type Site} from './host.ts';
import {type HeldLock, lockFormat, lockSeconds, parseLock} from './lock-label.ts';
import type {Found} from './state.ts';

export interface LockOptions {
  readonly stack: Stack;
  readonly reason: string;
  readonly owner: string;
  /** Of this run of a task. */
  readonly token: string;
  /** An image that is on the machine: a lock is a container that never runs. */
  readonly imageOn: (found: Found) => string;
  /** How many machines there are, those included that cannot be reached. */
  readonly machines: number;
  readonly parallel: number;
  /** How long what a dead deployer began on a host may take to end, in seconds. */
  readonly patience: number;
}

export interface Locks {
  /** Has anything changed on the machines since they were looked at? */
  readonly changed: boolean;
  /**
   * Is it still ours? A machine that slept may find that somebody else has taken over.
   * @throws Problem `lock_lost`
   */
  readonly requireHeld: () => void;
  /** Ends the renewals. */
  readonly stopRenewing: () => Promise<void>;
}

/**
 * Two deploys must not interleave. A container's name is unique on an engine, so that creating one is atomic, for every
 * deployer wherever it runs. The first machine's lock decides between two that begin at the same time; then all others
 * side by side. The lock counts when half of all machines hold it or more, so that one that is lost blocks nobody.
 * Renewed while this process lives; released by the scope when it fails, Ctrl-C included, and else by the last step.
 * @throws Problem `locked` when another deploy holds it, `no_majority`
 */
export async function takeLocks(
  context: Context,
  scope: Scope,
  places: readonly {site: Site; found: Found}[],
  facts: LockOptions,
): Promise<Locks> {
  const {stack, machines} = facts;
  if (places.length * 2 < machines) throw noMajority(facts, places.length);
  const [first, ...others] = places;
  if (first === undefined) throw noMajority(facts, 0);
  const take = ({site, found}: {site: Site; found: Found}): Promise<boolean> =>
    takeOne(context, scope, site, found, facts);
  const changed = [await take(first), ...(await each(others, take, facts.parallel))].some(Boolean);
  let renewed = Date.now();
  const renewals = places.map(({site}) => commandOn(site.host, renewLock(lockName(stack), lockSeconds)));
  const stopRenewing = scope.every(Math.round(lockSeconds / 3), renewals, (succeeded) => {
    if (succeeded * 2 >= machines && Date.now() - renewed < lockSeconds * 1000) renewed = Date.now();
  });
  const requireHeld = (): void => {
    if (Date.now() - renewed >= lockSeconds * 1000) throw lostProblem(stack);
  };
  return {changed, requireHeld, stopRenewing};
}

/** Gives whether something has changed since the machine was looked at. */
async function takeOne({note}: Context, scope: Scope, site: Site, found: Found, facts: LockOptions): Promise<boolean> {
  const {stack, owner, reason, token, imageOn, patience} = facts;
  const name = lockName(stack);
  const held = found.state.lock;
  if (held !== undefined && !isOver(held)) throw lockedProblem(stack, held, site);
  if (held !== undefined)
    note(
      `taking over the lock of ${held.owner} (${held.reason})${isRemote(site.host) ? ` on ${site.host}` : ''}: ${held.left < 0 ? `it expired ${-held.left} s ago` : 'the process that took it is dead'}`,
    );
  const labels = {
    ...roleLabels(stack, 'lock'),
    'entrypoint.lock.owner': owner,
    'entrypoint.lock.reason': reason,
    'entrypoint.lock.process': processMark(),
    'entrypoint.lock.token': token,
  };
  const takeOver =
    held === undefined
      ? []
      : [...(isRemote(site.host) ? [waitForCommands(stackName(stack), patience)] : []), dockerRemove(name)];
  const look = dockerPs(stackLabels(stack), fingerprintFormat);
  try {
    const {stdout} = await runOn(
      site,
      [...takeOver, dockerCreate({image: imageOn(found), name, labels, command: ['--list']}), look],
      {capture: true},
    );
    // Registered when it is ours: the lock of somebody else must stay.
    scopeOn(scope, site.host).onFailure(dockerRemove(name));
    return held !== undefined || (stdout.trim() !== '' && !sameAs(stdout, found));
  } catch (error) {
    if (!isProblem(error) || !error.details.some((line) => line.includes('is already in use'))) {
      // It may be there or not, and only what is ours may go.
      scopeOn(scope, site.host).onFailure(
        dockerRemoveLabelled({...stackLabels(stack), 'entrypoint.lock.token': token}),
      );
      throw error;
    }
    const {stdout} = await site.context.run.read(dockerInspect(name, lockFormat), {allow: [1]});
    const other = parseLock(stdout.trim(), new Date().toISOString());
    throw lockedProblem(
      stack,
      {id: '', owner: 'somebody', reason: 'deploy', process: '', left: lockSeconds, ...other, age: 0},
      site,
    );
  }
}

const fingerprintFormat = '{{.Names}} {{.State}} {{.Label "entrypoint.role"}}';

function sameAs(text: string, {state}: Found): boolean {
  const now = text
    .split('\n')
    .filter((line) => / (?:app|balancer|backing)$/.test(line))
    .map((line) => line.split(' ').slice(0, 2).join(' '));
  const seen = state.containers
    .filter(({role}) => ['app', 'balancer', 'backing'].includes(role))
    .map((one) => `${one.name} ${one.state}`);
  return now.toSorted().join('\n') === seen.toSorted().join('\n');
}

/** Expired by the machine's own clock, or taken by a process that this machine can see to be dead. */
function isOver({left, process: mark}: HeldLock): boolean {
  return left < 0 || isDead(mark);
}

/** `jo@laptop`. In a container the user may have a number only, and then there is no information about him. */
export function ownerName({env}: Context): string {
  const user = (): string => {
    try {
      return env['SUDO_USER'] ?? userInfo().username;
    } catch {
      return `uid-${process.getuid?.() ?? 'unknown'}`;
    }
  };
  return `${user()}@${hostname()}`;
}

/** Which boot of which machine, which namespace of processes, which process and when it began; empty where Linux does not tell. */
function processMark(pid: number = process.pid): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
    // Its name, in brackets, may hold spaces; the time it began is the 20th field after it.
    const began =
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? '';
    return [boot, namespace, pid, began].join('/');
  } catch {
    return '';
  }
}

function isDead(mark: string): boolean {
  const [boot, namespace, pid] = mark.split('/');
  const own = processMark().split('/');
  if (mark === '' || boot !== own[0] || namespace !== own[1]) return false;
  return processMark(Number(pid)) !== mark;
}

function lockedProblem(stack: Stack, {owner, reason, age, left}: HeldLock, {host}: Site): Error {
  return problem({
    code: 'locked',
    what: `${stack.service} in ${stack.environment} is locked by ${owner} (${reason}, for ${age} s)${isRemote(host) ? ` on ${host}` : ''}, and two must not change it at once`,
    fix: `wait for the other one; a lock whose owner died expires in ${Math.max(1, left)} s, or: ${isRemote(host) ? `ssh ${host} ` : ''}docker rm ${lockName(stack)}`,
  });
}

function lostProblem({service, environment}: Stack): Error {
  return problem({
    code: 'lock_lost',
    what: `the lock of ${service} in ${environment} has expired while this machine was away, and somebody else may be at work: nothing more is changed, and nothing put back`,
    fix: `entrypoint status ${environment} tells what serves; then deploy again`,
  });
}

function noMajority({stack, machines}: LockOptions, reached: number): Error {
  return problem({
    code: 'no_majority',
    what: `only ${reached} of the ${machines} hosts of ${stack.service} in ${stack.environment} can be reached, and a deploy needs half of them or more for its lock`,
    fix: 'bring more of them back, or take those that are gone for good out of deploy.yaml',
  });
}
