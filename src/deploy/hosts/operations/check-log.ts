import {exitCode, isProblem, problem} from '../../../errors.ts';
import {type Host, hostName} from '../../../service/hosts.ts';
import {endpointText} from '../../../service/log/address.ts';
import {requiredEndpoint} from '../../../service/log/drivers.ts';
import {settleEach} from '../../../shell/concurrency.ts';
import type {Context} from '../../../task.ts';
import {logSettings, stackOf, type Target} from '../../target.ts';
import {runOn, stepOn} from '../connection.ts';
import {fleetOf} from '../fleet.ts';
import {logCheckStep} from '../plan/steps/log.ts';
import {appsOf, requireDeployed, type SurveyedHost} from '../state.ts';
import {survey, type Survey} from '../survey.ts';
import {type Measured, measuredLines, measureLog} from './measure-log.ts';

/** What {@link checkLog} does. */
export interface LogCheckOptions {
  /** Send a numbered stream through the driver of each host. Default false. */
  readonly measure?: boolean | undefined;
  /** Lines of the stream. Default 20,000. */
  readonly lines?: number | undefined;
}

/** The log driver of an environment, as its hosts can use it. */
export interface LogCheck {
  readonly service: string;
  readonly environment: string;
  /** Empty: the engine's own. */
  readonly driver: string;
  /** `tcp://10.0.0.9:514`; empty where deploy.yaml names none. */
  readonly endpoint: string;
  readonly hosts: readonly HostLogCheck[];
}

/** The same for one host. */
export interface HostLogCheck {
  readonly host: string;
  /** Whether docker starts a container with the driver. */
  readonly starts: boolean;
  /** Why it does not. */
  readonly reason: string;
  readonly measured: Measured | null;
}

/**
 * Asks the endpoint of the log driver from each host, and starts a container that does nothing with the driver there.
 * Changes nothing that serves.
 * @throws Problem `not_deployed`, `host_unreachable`, `engine_unavailable`
 */
export async function checkLog(context: Context, target: Target, options: LogCheckOptions = {}): Promise<LogCheck> {
  const found = await survey(context, target);
  requireDeployed(found.surveyed, target);
  const {apps} = fleetOf(target, found.surveyed);
  const log = logSettings(target.settings);
  const endpoint = log === undefined ? undefined : requiredEndpoint(log);
  const checked = await settleEach(
    apps,
    (app) => checkHost(context, target, app, found, options),
    target.settings.parallel,
  );
  const failed = checked.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return {
    ...stackOf(target),
    driver: log?.driver ?? '',
    endpoint: endpoint === undefined ? '' : endpointText(endpoint),
    hosts: checked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
  };
}

async function checkHost(
  context: Context,
  target: Target,
  {machine: {host}, state}: SurveyedHost,
  {connectionTo}: Survey,
  {measure = false, lines = 20_000}: LogCheckOptions,
): Promise<HostLogCheck> {
  const image = imageOn(target, host, {state});
  const connection = connectionTo(host);
  const step = logCheckStep({...target, image, commit: ''}, host);
  try {
    await stepOn(connection, step.what, (inner) => runOn(inner, step.commands, {capture: true}));
  } catch (error) {
    if (!isProblem(error) || error.code !== 'command_failed') throw error;
    return {host, starts: false, reason: reasonOf(error.details) || error.message, measured: null};
  }
  const measured = measure ? await measureLog(context, target, connection, {image, lines}) : null;
  return {host, starts: true, reason: '', measured};
}

/** The line that says most: docker repeats itself, and prints hints. */
const reasonOf = (lines: readonly string[]): string =>
  (lines.find((line) => /log endpoint|logging driver|log driver/.test(line)) ?? lines.at(-1) ?? '').replace(
    /^(?:docker: )?Error response from daemon: /,
    '',
  );

function imageOn(target: Target, host: Host, {state}: Pick<SurveyedHost, 'state'>): string {
  const apps = appsOf(state);
  const image = (apps.find((one) => one.state === 'running') ?? apps[0])?.image;
  if (image !== undefined) return image;
  throw problem({
    code: 'not_deployed',
    what: `${target.service.name} has no container on ${hostName(host)}, in whose image its log driver is tested`,
    fix: `entrypoint deploy ${target.environment}`,
  });
}

/**
 * The result for people.
 * @example
 * context.say(logCheckText(await checkLogDriver(context, target)));
 */
export function logCheckText({driver, endpoint, hosts}: LogCheck): string {
  const what = driver === '' ? "the engine's own log driver" : `${driver}${endpoint === '' ? '' : ` ${endpoint}`}`;
  return hosts
    .flatMap(({host, starts, reason, measured}) => [
      `${host}: ${what} ${starts ? 'starts' : `does not start: ${reason}`}`,
      ...(measured === null ? [] : measuredLines(measured).map((line) => `  ${line}`)),
    ])
    .join('\n');
}

/**
 * Fails for a check in which a host could not start a container.
 * @throws Problem `log_driver_down` (exit code 69)
 * @example
 * requireLogStarts(await checkLogDriver(context, target));
 */
export function requireStarts({service, environment, driver, hosts}: LogCheck): void {
  const down = hosts.filter(({starts}) => !starts);
  if (down.length === 0) return;
  throw problem({
    code: 'log_driver_down',
    what: `no container of ${service} in ${environment} can start with the log driver ${driver} on ${down.map(({host}) => host).join(', ')}`,
    details: down.map(({host, reason}) => `${host}: ${reason}`),
    fix: 'start its endpoint, correct `log` in deploy.yaml, or add log.fallback, with which a deploy goes on',
    exitCode: exitCode.unavailable,
  });
}
