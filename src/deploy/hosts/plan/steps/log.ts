import {
  type ContainerOptions,
  createSecrets,
  createText,
  dockerInspect,
  dockerLogs,
  dockerRemove,
  dockerRun,
  dockerRunWithFallback,
} from '../../../../commands/docker/index.ts';
import {type ConnectedEndpoint, downCode, probeEndpoint, startTest} from '../../../../commands/log-probe.ts';
import {type Host, hostName, onHost} from '../../../../service/hosts.ts';
import {type Endpoint, endpointText} from '../../../../service/log/address.ts';
import {logDrivers, requiredEndpoint} from '../../../../service/log/drivers.ts';
import {logWarnings} from '../../../../service/log/warnings.ts';
import {type Command, wordsText} from '../../../../shell/argv.ts';
import {fallbackLabel, roleLabels, stackName} from '../../../../stack/names.ts';
import {type Deployment, logSettings, stackOf, type Target} from '../../../target.ts';
import type {FailureCause, Prepared, Step} from './step.ts';

// What of a deploy depends on the endpoint of the log driver.

/** The endpoint of the environment's log driver that can hold a start. A socket of the host answers or fails at once. */
export function connectedEndpoint({settings: {log}}: Pick<Target, 'settings'>): ConnectedEndpoint | undefined {
  const endpoint: Endpoint | undefined = log === undefined ? undefined : requiredEndpoint(log);
  return endpoint === undefined || endpoint.kind === 'unix' || endpoint.kind === 'udp'
    ? undefined
    : {kind: endpoint.kind, host: endpoint.host, port: endpoint.port};
}

const lineOf = ({service, environment}: Target, path: readonly string[] = []): string =>
  service.placeOf?.(['environments', environment, 'log', ...path]) ?? 'deploy.yaml';

/** What `log` loses or blocks, for the plan and the deploy. */
export function logNotes(target: Target): string[] {
  const {log} = target.settings;
  return log === undefined ? [] : logWarnings(log).map(({path, text}) => `warning: ${lineOf(target, path)}: ${text}`);
}

const fixOf = (target: Target): string =>
  `start the log endpoint, correct \`log\` (${lineOf(target)}), or add log.fallback, with which a release starts all the same`;

/** Starts a throwaway container with the log driver, before anything changes; if the endpoint answers at all. */
export function logCheckStep(deployment: Deployment, host: Host): Step {
  const {image} = deployment;
  const log = logSettings(deployment.settings);
  const driver = log?.driver ?? '';
  const endpoint = connectedEndpoint(deployment);
  const options: ContainerOptions = {
    image,
    log,
    labels: roleLabels(stackOf(deployment), 'task'),
    network: 'none',
    entrypoint: 'true',
    options: ['--no-healthcheck'],
  };
  const test: Command = {
    words: ['sh', '-c', startTest(createText(options), driver)],
    ...(log?.secrets === undefined ? {} : {secrets: createSecrets(options)}),
  };
  return {
    phase: 'check',
    host,
    what: `check that the log driver ${driver} can start`,
    commands: [...(endpoint === undefined ? [] : [probeEndpoint(endpoint, image)]), test],
    undo: [],
    purpose: `cannot start a container with the log driver ${driver} on ${hostName(host)}; nothing has changed`,
    fix: fixOf(deployment),
  };
}

/** Whether to start a container with a log driver before a deploy: only then does the engine say what its endpoint says. */
export const isStartChecked = ({settings: {log}}: Target): boolean =>
  log !== undefined &&
  log.fallback === undefined &&
  log.driver in logDrivers &&
  logDrivers[log.driver]?.isLocal !== true;

/** The container that asks the endpoint on a host; its exit code is the answer. */
const checkName = (target: Target): string => `${stackName(stackOf(target))}.log-check`;

/**
 * Asks the endpoint once more, in the round trip that starts the replicas: it can go down while tasks run. Without a
 * fallback, the start then fails at once; with one, each replica looks for the answer.
 */
export function endpointGuard(deployment: Deployment, host: Host): Prepared {
  const endpoint = connectedEndpoint(deployment);
  const {image, settings} = deployment;
  const causes: readonly FailureCause[] = [
    {
      pattern: 'log endpoint ',
      purpose: `the log endpoint does not answer${onHost(host)}`,
      fix: fixOf(deployment),
    },
  ];
  if (endpoint === undefined) return {commands: [], undo: [], what: []};
  if (settings.log?.fallback === undefined)
    return {commands: [probeEndpoint(endpoint, image)], undo: [], what: [], causes};
  const name = checkName(deployment);
  const remove = dockerRemove(name);
  return {
    commands: [
      ['sh', '-c', `${wordsText(remove)} >/dev/null 2>&1 || :`],
      probeEndpoint(endpoint, image, {name, labels: roleLabels(stackOf(deployment), 'task')}),
    ],
    undo: [remove],
    what: [`ask ${endpointText(endpoint)}`],
    verify: [remove],
  };
}

/** Starts a replica; with the fallback, if the endpoint of its log driver is down. */
export function startReplica(deployment: Deployment, options: ContainerOptions): Command {
  const {log} = deployment.settings;
  if (log?.fallback === undefined) return dockerRun(options, 'detached');
  const name = checkName(deployment);
  const isDown = `[ "$(${wordsText(dockerInspect(name, '{{.State.ExitCode}}'))} 2>/dev/null)" != ${downCode} ]`;
  return dockerRunWithFallback(options, {
    log: log.fallback,
    labels: {[fallbackLabel]: log.driver},
    known:
      connectedEndpoint(deployment) === undefined ? undefined : `${isDown} || ${wordsText(dockerLogs(name, {}))} 2>&1`,
  });
}
