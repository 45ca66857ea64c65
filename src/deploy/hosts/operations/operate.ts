import {dockerExec, dockerLogs} from '../../../commands/docker/index.ts';
import {balancerMaintenance} from '../../../commands/lb.ts';
import {exitCode, problem} from '../../../errors.ts';
import {type Host, hostName, isRemote} from '../../../service/hosts.ts';
import {mapEach} from '../../../shell/concurrency.ts';
import type {Context} from '../../../task.ts';
import type {Target} from '../../target.ts';
import {runOn, terminalOn} from '../connection.ts';
import {fleetOf, servingSlots} from '../fleet.ts';
import {balancerUrl} from '../service-address.ts';
import {appsOf, balancerOf, requireDeployed, type SurveyedHost} from '../state.ts';
import {survey} from '../survey.ts';

/** A replica that gets traffic. */
export interface ServingReplica {
  readonly host: Host;
  readonly container: string;
}

/**
 * The replicas that get traffic, host by host, a canary's included.
 * @throws Problem `not_deployed`
 */
export function servingReplicas(target: Target, surveyed: readonly SurveyedHost[]): ServingReplica[] {
  requireDeployed(surveyed, target);
  const fleet = fleetOf(target, surveyed);
  return fleet.apps.flatMap((app) => {
    const used = new Set(servingSlots(fleet, app).map(({container}) => container));
    return appsOf(app.state)
      .filter(({name}) => used.has(name))
      .map(({name}) => ({host: app.machine.host, container: name}));
  });
}

/**
 * The URL of the first balancer; empty in a dry run of the first deploy.
 * @throws Problem `not_deployed`
 */
export async function addressOf(context: Context, target: Target): Promise<string> {
  const {surveyed, connectionTo} = await survey(context, target);
  requireDeployed(surveyed, target);
  const first = surveyed.find(({machine}) => machine.balancer);
  return first === undefined ? '' : balancerUrl(target, connectionTo(first.machine.host));
}

/** What {@link logs} prints. */
export interface LogOptions {
  /** Keep printing new output. Default false. */
  readonly follow?: boolean | undefined;
  /** Lines of each container to begin with. Default: all. */
  readonly tail?: number | undefined;
}

/**
 * Prints the logs of all serving replicas, each line with its host and container.
 * @throws Problem `not_deployed`
 */
export async function logs(context: Context, target: Target, options: LogOptions = {}): Promise<void> {
  const {surveyed, connectionTo} = await survey(context, target);
  await mapEach(servingReplicas(target, surveyed), ({host, container}) =>
    connectionTo(host).context.run.prefixed(container)(dockerLogs(container, options)),
  );
}

/** Where and how {@link exec} runs a command. */
export interface ExecOptions {
  /** In every replica, in parallel, instead of in one. Default false. */
  readonly all?: boolean | undefined;
  /** Only on this host of deploy.yaml, with or without its user. Default: the first. */
  readonly host?: string | undefined;
  /** Give the program the terminal. Default false. */
  readonly terminal?: boolean | undefined;
}

/**
 * Runs the command after `--` (`context.rest`) in a serving replica; a failure has its exit code.
 * @throws Problem `not_deployed`, `unknown_host`, `command_failed`
 */
export async function exec(
  context: Context,
  target: Target,
  {all = false, host, terminal = false}: ExecOptions = {},
): Promise<void> {
  const {surveyed, connectionTo} = await survey(context, target, {skipUnreachable: !all && host === undefined});
  const serving = servingReplicas(target, surveyed).filter(
    (one) => host === undefined || one.host === host || hostName(one.host) === host,
  );
  const [first] = serving;
  if (first === undefined) {
    throw problem({
      code: 'unknown_host',
      what: `no replica of ${target.service.name} serves${host === undefined ? '' : ` on ${host}`} in ${target.environment}`,
      fix: `see what runs where: entrypoint status ${target.environment}`,
      exitCode: exitCode.usage,
    });
  }
  if (terminal) {
    const words = ['docker', 'exec', '--interactive', '--tty', first.container, ...context.rest];
    await context.run(terminalOn(connectionTo(first.host), words), {interactive: true});
  } else if (all) {
    await mapEach(
      serving,
      (one) => connectionTo(one.host).context.run.prefixed(one.container)(dockerExec(one.container, context.rest)),
      target.settings.parallel,
    );
  } else {
    await connectionTo(first.host).context.run(dockerExec(first.container, context.rest));
  }
}

/**
 * Turns maintenance mode on or off: every balancer answers with the maintenance page. The replicas keep running.
 * @throws Problem `not_deployed`
 */
export async function maintenance(context: Context, target: Target, on: boolean): Promise<void> {
  const {surveyed, connectionTo} = await survey(context, target);
  requireDeployed(surveyed, target);
  await mapEach(
    fleetOf(target, surveyed).balancers,
    async ({
      surveyed: {
        machine: {host},
      },
      before,
    }) => {
      await runOn(connectionTo(host), [balancerMaintenance(balancerOf(target), before.name, on)], {
        capture: true,
        purpose: `cannot turn maintenance mode ${on ? 'on' : 'off'}${isRemote(host) ? ` on ${host}; other hosts may have it already` : ''}`,
        fix: 'fix the error and run the same command again: it can be repeated',
      });
    },
    target.settings.parallel,
  );
}
