import type {ContainerOptions} from '../../commands/docker/index.ts';
import {startsAsRoot} from '../image/facts.ts';
import {type Bench, startService, type State, stateOf, withContainer} from './containers.ts';
import {endedByItself, type Stopped, stopService} from './drain.ts';

/** How the service did under one restriction. */
export interface Outcome {
  /** Started with, in words of `docker run`. */
  readonly how: string;
  readonly answered: boolean;
  readonly error: string;
  readonly state: State;
  /** Only where capabilities are restricted: nothing else keeps a service from stopping. */
  readonly stopped: Stopped | undefined;
}

export type Restriction = 'user' | 'readOnly' | 'capabilities' | 'memory' | 'pids' | 'port';
export type Limits = Readonly<Record<Restriction, Outcome>>;

export const otherPort = 18_765;

/** The restrictions, as changes of `docker run`. */
function restrictions({
  subject,
  image,
}: Bench): Readonly<Record<Restriction, {how: string; changes: Partial<ContainerOptions>}>> {
  // An image that starts as root and gives it up needs these two for that. Not CAP_KILL: an init that stayed root
  // cannot signal its child then, and that is to be seen.
  const change = startsAsRoot(image) ? ['SETUID', 'SETGID'] : [];
  return {
    user: {how: '--user 54321:0', changes: {user: '54321:0'}},
    readOnly: {how: '--read-only --tmpfs /tmp', changes: {readOnly: true, tmpfs: ['/tmp']}},
    capabilities: {
      how: `--cap-drop ALL --security-opt no-new-privileges${change.map((name) => ` --cap-add ${name}`).join('')}`,
      changes: {dropCapabilities: true, addCapabilities: change},
    },
    memory: {how: '--memory 256m', changes: {memory: '256m', memorySwap: '256m'}},
    pids: {how: '--pids-limit 100', changes: {pidsLimit: 100}},
    port: {how: `--env PORT=${otherPort}`, changes: {environment: {...subject.environment, PORT: String(otherPort)}}},
  };
}

/**
 * All restrictions at once first: where the service answers then, it does so under each. Only where it does not is
 * each of them tried alone. Capabilities of an image that starts as root are always tried alone: with `--user` its
 * change of user does not happen.
 */
export async function probeLimits(bench: Bench): Promise<Limits> {
  const all = restrictions(bench);
  const names = Object.keys(all) as Restriction[];
  const changes: Partial<ContainerOptions> = Object.assign({}, ...names.map((name) => all[name].changes));
  const together = await tryWith(bench, 'limits', {how: '', changes}, !startsAsRoot(bench.image));
  const found: [Restriction, Outcome][] = [];
  for (const name of names) {
    const stops = name !== 'capabilities' || (together.stopped !== undefined && endedByItself(together.stopped));
    const outcome =
      together.answered && stops
        ? {...together, how: `${all[name].how}, with the other limits`}
        : await tryWith(bench, `limits-${name.toLowerCase()}`, all[name], name === 'capabilities');
    found.push([name, outcome]);
  }
  return Object.fromEntries(found) as Limits;
}

function tryWith(
  bench: Bench,
  name: string,
  {how, changes}: {how: string; changes: Partial<ContainerOptions>},
  stop: boolean,
): Promise<Outcome> {
  return withContainer(bench, name, async (container) => {
    const {ok, error} = await startService(bench, name, changes);
    const state = await stateOf(bench, container);
    return {how, answered: ok, error, state, stopped: stop && ok ? await stopService(bench, container) : undefined};
  });
}
