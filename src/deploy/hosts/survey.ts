import {dockerStart} from '../../commands/docker/index.ts';
import {isProblem, problem} from '../../errors.ts';
import {engineProblem} from '../../image/docker.ts';
import {type Host, isRemote} from '../../service/hosts.ts';
import type {Context} from '../../task.ts';
import {leavingMachine, type Machine, machinesOf, stackOf, type Target} from '../target.ts';
import {settle, type Site, siteOf} from './host.ts';
import {appsOf, balancerOf, type Found, parseMachine, type Question, readMachine} from './state.ts';

/** All machines of an environment as they were found. */
export interface Survey {
  readonly found: readonly Found[];
  /** Hosts that could not be reached and are left out. */
  readonly skipped: readonly Host[];
  readonly siteOf: (host: Host) => Site;
}

export interface SurveyOptions {
  /** Images of which it matters whether a machine has them. Default: none. */
  readonly images?: (machine: Machine) => readonly string[];
  /** Which machines are asked whether they have the environment's network. Default: all. */
  readonly network?: (machine: Machine) => boolean;
  /** Go on without hosts that cannot be reached. */
  readonly skipUnreachable?: boolean;
  /** Start balancers that were stopped: only they know what they served. Default: only look. */
  readonly wake?: boolean;
}

/**
 * Reads the state of all hosts, side by side, in one round trip each; then of those that an earlier deploy used and
 * that the file names no longer.
 * @throws Problem `host_unreachable`, `engine_unavailable`
 */
export async function survey(context: Context, target: Target, options: SurveyOptions = {}): Promise<Survey> {
  const machines = machinesOf(target.settings);
  const several = machines.length > 1;
  const site = (host: Host): Site => siteOf(context, host, several);
  const looked = await settle(
    machines,
    (machine) => look(site(machine.host), machine, target, options),
    target.settings.parallel,
  );
  const found = looked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failures = looked.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const lost = failures.filter((error) => isProblem(error) && lostCodes.has(error.code));
  if (failures.length > lost.length) throw failures.find((error) => !lost.includes(error));
  if (lost.length > 0 && (options.skipUnreachable !== true || found.length === 0)) throw allProblems(lost);
  const skipped = machines.filter((_, index) => looked[index]?.status === 'rejected').map(({host}) => host);
  for (const error of lost) context.note(`left out: ${(error as Error).message}`);
  const leaving = await lookAtLeaving(
    context,
    target,
    found,
    [...skipped, ...machines.map(({host}) => host)],
    site,
    options,
  );
  return {found: [...found, ...leaving], skipped, siteOf: site};
}

const lostCodes = new Set(['host_unreachable', 'engine_unavailable']);

function allProblems(errors: readonly unknown[]): unknown {
  const [first, ...others] = errors.filter(isProblem);
  if (first === undefined || others.length === 0) return first ?? errors[0];
  return problem({
    code: first.code,
    what: first.message,
    exitCode: first.exitCode,
    cause: first,
    details: [
      ...first.details,
      ...others.map(({message, fix}) => `${message}${fix === undefined ? '' : `; fix: ${fix}`}`),
    ],
    fix: first.fix,
  });
}

async function look(site: Site, machine: Machine, target: Target, options: SurveyOptions): Promise<Found> {
  const question: Question = {
    stack: stackOf(target),
    balancer: machine.balancer ? balancerOf(target) : undefined,
    images: options.images?.(machine) ?? [],
    network: options.network?.(machine) ?? true,
  };
  const state = await readState(site, question);
  if (options.wake !== true || state.balancerState === undefined || state.balancerState === 'running')
    return {machine, state};
  await site.context.run(dockerStart(balancerOf(target)), {capture: true, purpose: 'the load balancer does not start'});
  return {machine, state: await readState(site, question)};
}

async function readState({host, context: {run}}: Site, question: Question): Promise<Found['state']> {
  const {exitCode, stdout, stderr} = await run.read(readMachine(question), {allow: [1, 127]});
  if (exitCode !== 0) throw engineProblem(stderr, isRemote(host) ? host : undefined);
  return parseMachine(stdout, question);
}

async function lookAtLeaving(
  context: Context,
  target: Target,
  found: readonly Found[],
  known: readonly Host[],
  site: (host: Host) => Site,
  options: SurveyOptions,
): Promise<Found[]> {
  const hosts = new Set(
    found.flatMap(({state}) =>
      appsOf(state)
        .filter(({state: is}) => is === 'running')
        .flatMap((one) => one.hosts),
    ),
  );
  const leaving = [...hosts]
    .filter((host) => !known.includes(host))
    .map((host) => leavingMachine(target.settings, host));
  const looked = await settle(
    leaving,
    (machine) => look(site(machine.host), machine, target, {...options, wake: false}),
    target.settings.parallel,
  );
  return looked.flatMap((one, index) => {
    if (one.status === 'fulfilled') return one.value.state.containers.length > 0 ? [one.value] : [];
    context.note(
      `${leaving[index]?.host} is no longer in deploy.yaml and cannot be looked at; what runs there stays: ${(one.reason as Error).message}`,
    );
    return [];
  });
}
