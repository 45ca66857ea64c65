import {hostKey} from '../../commands/destination.ts';
import {dockerStart} from '../../commands/docker/index.ts';
import {isProblem, messageOf, problem} from '../../errors.ts';
import {engineProblem} from '../../image/engine.ts';
import {type Host, isRemote} from '../../service/hosts.ts';
import {titled} from '../../shell/argv.ts';
import {settleEach} from '../../shell/concurrency.ts';
import type {Context} from '../../task.ts';
import {stackOf, type Target} from '../target.ts';
import {connectionTo, type HostConnection, stepOn} from './connection.ts';
import {type HostQuery, hostQueryCommand, parseHostState} from './host-query.ts';
import type {FactsQuery} from './machine/facts.ts';
import {type FleetMachine, leavingMachine, machinesOf} from './machines.ts';
import {loginShellProblem} from './ssh/failures.ts';
import {appsOf, balancerOf, type HostState, type SurveyedHost} from './state.ts';

/** The state of every machine of an environment. */
export interface Survey {
  readonly surveyed: readonly SurveyedHost[];
  /** Unreachable hosts, which were skipped. */
  readonly skipped: readonly Host[];
  readonly connectionTo: (host: Host) => HostConnection;
}

export interface SurveyOptions {
  /** Images to look for on a machine. Default: none. */
  readonly images?: (machine: FleetMachine) => readonly string[];
  /** Whether to query the environment's network on this machine. Default: on all. */
  readonly network?: (machine: FleetMachine) => boolean;
  /** What to ask of a machine besides. Default: nothing. */
  readonly facts?: ((machine: FleetMachine) => FactsQuery | undefined) | undefined;
  /** Leave out unreachable hosts. Default false. */
  readonly skipUnreachable?: boolean;
  /** Start stopped balancers: only a running one reports what it serves. Default false: read only. */
  readonly wake?: boolean;
}

/**
 * Reads the state of all hosts concurrently, in one round trip each; then of hosts that an earlier deploy used and that
 * deploy.yaml no longer lists.
 * @throws Problem `host_unreachable`, `engine_unavailable`
 */
export async function survey(context: Context, target: Target, options: SurveyOptions = {}): Promise<Survey> {
  const machines = machinesOf(target.settings);
  const several = machines.length > 1;
  const connect = (host: Host): HostConnection => connectionTo(context, host, several);
  const read = await settleEach(
    machines,
    (machine) => surveyHost(connect(machine.host), machine, target, options),
    target.settings.parallel,
  );
  const surveyed = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failures = read.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const unreachable = failures.filter((error) => isProblem(error) && unreachableCodes.has(error.code));
  if (failures.length > unreachable.length) throw failures.find((error) => !unreachable.includes(error));
  if (unreachable.length > 0 && (options.skipUnreachable !== true || surveyed.length === 0))
    throw allProblems(unreachable);
  const skipped = machines.filter((_, index) => read[index]?.status === 'rejected').map(({host}) => host);
  for (const error of unreachable) context.note(`skipping a host: ${messageOf(error)}`);
  const listed = [...skipped, ...machines.map(({host}) => host)];
  const leaving = await surveyLeaving(context, target, surveyed, listed, connect, options);
  return {surveyed: [...surveyed, ...leaving], skipped, connectionTo: connect};
}

const unreachableCodes = new Set(['host_unreachable', 'engine_unavailable']);

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

async function surveyHost(
  connection: HostConnection,
  machine: FleetMachine,
  target: Target,
  options: SurveyOptions,
): Promise<SurveyedHost> {
  const query: HostQuery = {
    stack: stackOf(target),
    balancer: machine.balancer ? balancerOf(target) : undefined,
    images: options.images?.(machine) ?? [],
    network: options.network?.(machine) ?? true,
    facts: options.facts?.(machine),
    // Of the engine of this machine, `readTarget` has asked.
    isDocker: !isRemote(machine.host),
  };
  const state = await readState(connection, query);
  if (options.wake !== true || state.balancerState === undefined || state.balancerState === 'running')
    return {machine, state};
  await stepOn(connection, 'start the load balancer', ({context: {run}}) =>
    run(dockerStart(balancerOf(target)), {capture: true, purpose: 'cannot start the load balancer'}),
  );
  return {machine, state: await readState(connection, query)};
}

// 127: the host has no docker client.
async function readState({host, context: {run}}: HostConnection, query: HostQuery): Promise<HostState> {
  const {exitCode, stdout, stderr} = await run.read(titled(hostQueryCommand(query), 'read the state'), {
    allow: [1, 127],
  });
  if (exitCode === 0) return parseHostState(stdout, query);
  if (!isRemote(host)) throw engineProblem(stderr);
  // Such a shell gives its reason on either.
  throw loginShellProblem(host, stdout + stderr) ?? engineProblem(stderr, host);
}

async function surveyLeaving(
  context: Context,
  target: Target,
  surveyed: readonly SurveyedHost[],
  listed: readonly Host[],
  connect: (host: Host) => HostConnection,
  options: SurveyOptions,
): Promise<SurveyedHost[]> {
  const deployedTo = new Set(
    surveyed.flatMap(({state}) =>
      appsOf(state)
        .filter((app) => app.state === 'running')
        .flatMap(({hosts}) => hosts),
    ),
  );
  const leaving = [...deployedTo]
    .filter((host) => !listed.some((one) => hostKey(one) === hostKey(host)))
    .map((host) => leavingMachine(target.settings, host));
  const read = await settleEach(
    leaving,
    (machine) => surveyHost(connect(machine.host), machine, target, {...options, wake: false}),
    target.settings.parallel,
  );
  return read.flatMap((one, index) => {
    if (one.status === 'fulfilled') return one.value.state.containers.length > 0 ? [one.value] : [];
    context.note(
      `${leaving[index]?.host} is no longer in deploy.yaml, and its containers stay: ${messageOf(one.reason).replace(' (listed in deploy.yaml)', '')}`,
    );
    return [];
  });
}
