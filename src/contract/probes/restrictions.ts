import type {ContainerOptions} from '../../commands/docker/index.ts';
import {startsAsRoot} from '../image/facts.ts';
import {type ContainerState, type ProbeContext, startService, stateOf, withContainer} from './containers.ts';
import {type Stop, stoppedCleanly, stopService} from './drain.ts';

/** The service under one restriction. */
export interface RestrictedRun {
  /** The restriction as words of `docker run`. */
  readonly flags: string;
  readonly answered: boolean;
  readonly error: string;
  readonly state: ContainerState;
  /** Only where capabilities are restricted: no other restriction keeps a service from stopping. */
  readonly stop: Stop | undefined;
}

export type Restriction = 'user' | 'readOnly' | 'capabilities' | 'memory' | 'pids' | 'port';
export type RestrictedRuns = Readonly<Record<Restriction, RestrictedRun>>;

interface ContainerChange {
  readonly flags: string;
  readonly changes: Partial<ContainerOptions>;
}

export const otherPort = 18_765;

function restrictionsOf({service, image}: ProbeContext): Readonly<Record<Restriction, ContainerChange>> {
  // An image that starts as root needs these two to drop root. Not CAP_KILL: without it an init that stayed root
  // cannot signal its child, which is what the rule must find.
  const needed = startsAsRoot(image) ? ['SETUID', 'SETGID'] : [];
  return {
    user: {flags: '--user 54321:0', changes: {user: '54321:0'}},
    readOnly: {flags: '--read-only --tmpfs /tmp', changes: {readOnly: true, tmpfs: ['/tmp']}},
    capabilities: {
      flags: `--cap-drop ALL --security-opt no-new-privileges${needed.map((name) => ` --cap-add ${name}`).join('')}`,
      changes: {dropCapabilities: true, addCapabilities: needed},
    },
    memory: {flags: '--memory 256m', changes: {memory: '256m', memorySwap: '256m'}},
    pids: {flags: '--pids-limit 100', changes: {pidsLimit: 100}},
    port: {
      flags: `--env PORT=${otherPort}`,
      changes: {environment: {...service.environment, PORT: String(otherPort)}},
    },
  };
}

/**
 * Tries all restrictions together: if the service answers, it answers under each of them. Otherwise each is tried
 * alone. Capabilities of an image that starts as root are always tried alone, since `--user` skips its change of user.
 */
export async function probeRestrictions(context: ProbeContext): Promise<RestrictedRuns> {
  const restrictions = restrictionsOf(context);
  const names = Object.keys(restrictions) as Restriction[];
  const changes: Partial<ContainerOptions> = Object.assign({}, ...names.map((name) => restrictions[name].changes));
  const together = await runWith(context, 'restricted', {flags: '', changes}, !startsAsRoot(context.image));
  const runs: [Restriction, RestrictedRun][] = [];
  for (const name of names) {
    const stops = name !== 'capabilities' || (together.stop !== undefined && stoppedCleanly(together.stop));
    const run =
      together.answered && stops
        ? {...together, flags: `${restrictions[name].flags}, with the other restrictions`}
        : await runWith(context, `restricted-${name.toLowerCase()}`, restrictions[name], name === 'capabilities');
    runs.push([name, run]);
  }
  return Object.fromEntries(runs) as RestrictedRuns;
}

function runWith(
  context: ProbeContext,
  name: string,
  {flags, changes}: ContainerChange,
  stop: boolean,
): Promise<RestrictedRun> {
  return withContainer(context, name, async (container) => {
    const {ok, error} = await startService(context, name, changes);
    const state = await stateOf(context, container);
    return {flags, answered: ok, error, state, stop: stop && ok ? await stopService(context, container) : undefined};
  });
}
