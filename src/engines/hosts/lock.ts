import {hostname, userInfo} from 'node:os';
import {dockerCreate, dockerInspect, dockerRemove} from '../../commands/docker.ts';
import {isProblem, problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import {lockName, roleLabels} from '../names.ts';
import type {Scene} from '../names.ts';
import type {Scope} from '../../run.ts';

/** A deployer that died holds the lock no longer than this, in seconds. No deploy may take longer. */
export const lockSeconds = 1800;

/**
 * Two deploys must not interleave. A container's name is unique on an engine, so that creating one is atomic,
 * for every deployer wherever it runs; it is never started. Released at the end of the scope, by Ctrl-C as well.
 * @throws Problem `locked` when another deploy holds it
 */
export async function takeLock(context: Context, scope: Scope, scene: Scene, {image, reason}: {image: string; reason: string}): Promise<void> {
  const {run, note} = context;
  const name = lockName(scene);
  const labels = {...roleLabels(scene, 'lock'), 'entrypoint.lock.owner': `${userName(context)}@${hostname()}`, 'entrypoint.lock.reason': reason};
  const held = await readLock(context, name);
  if (held !== undefined) {
    const age = Math.round((Date.now() - Date.parse(held.created)) / 1000);
    if (age < lockSeconds) throw lockedProblem(scene, held, age);
    note(`taking over the lock of ${held.owner} (${held.reason}): it expired ${age - lockSeconds} s ago`);
    await run(dockerRemove(name));
  }
  try {
    await run(dockerCreate({image, name, labels, command: ['--list']}), {capture: true});
  } catch (error) {
    if (!isProblem(error) || !error.details.some((line) => line.includes('is already in use'))) throw error;
    const other = await readLock(context, name);
    throw lockedProblem(scene, other ?? {owner: 'somebody', reason: 'deploy', created: ''}, 0);
  }
  scope.always(dockerRemove(name));
}

// In a container the user may have a number only, and then there is no information about him.
function userName({env}: Context): string {
  try {
    return env['SUDO_USER'] ?? userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}

interface Held {
  readonly owner: string;
  readonly reason: string;
  readonly created: string;
}

async function readLock({run}: Context, name: string): Promise<Held | undefined> {
  const format = '{{.Created}}\t{{index .Config.Labels "entrypoint.lock.owner"}}\t{{index .Config.Labels "entrypoint.lock.reason"}}';
  const {exitCode, stdout} = await run.read(dockerInspect(name, format), {allow: [1]});
  if (exitCode !== 0) return undefined;
  const [created = '', owner = '', reason = ''] = stdout.trim().split('\t');
  return {created, owner, reason};
}

function lockedProblem(scene: Scene, {owner, reason}: Held, age: number): Error {
  return problem({
    code: 'locked',
    what: `${scene.service} in ${scene.environment} is locked by ${owner} (${reason}, for ${age} s), and two must not change it at once`,
    fix: `wait for the other one; a lock whose owner died expires after ${lockSeconds} s, or: docker rm ${lockName(scene)}`,
  });
}
