import {dockerCreate, dockerRun, type LogDriverOptions} from '../../../../commands/docker/index.ts';
import {exitCode, isProblem, problem} from '../../../../errors.ts';
import {type Host, hostName, onHost} from '../../../../service/hosts.ts';
import {wordsText} from '../../../../shell/argv.ts';
import {roleLabels, stackName} from '../../../../stack/names.ts';
import {type Deployment, replicaSettings, stackOf} from '../../../target.ts';
import type {Fleet} from '../../fleet.ts';
import {appsOf, type SurveyedHost} from '../../state.ts';
import type {Round, Step} from './step.ts';

// Drivers with a remote endpoint: a container does not start while it is unreachable.
const remoteDrivers = new Set([
  'syslog',
  'fluentd',
  'gelf',
  'splunk',
  'journald',
  'awslogs',
  'gcplogs',
  'etwlogs',
  'logentries',
]);

/**
 * Tries, before anything changes, what only an engine can judge: it starts a throwaway container with a log driver that has
 * a remote endpoint, which can be unreachable, or creates one with the limits, the options and the log driver of the
 * replicas. A host that runs replicas with these settings has judged them.
 */
export function checkSteps(deployment: Deployment, {apps}: Fleet): Round {
  const {log} = deployment.settings;
  if (log !== undefined && remoteDrivers.has(log.driver)) return logCheckSteps(deployment, log, apps);
  return apps
    .filter((app) => isUntried(deployment, app))
    .flatMap(({machine: {host}}) => createCheckStep(deployment, host));
}

const isUntried = (deployment: Deployment, {state}: SurveyedHost): boolean =>
  !appsOf(state).some((one) => one.state === 'running' && one.settings === replicaSettings(deployment));

function createCheckStep(deployment: Deployment, host: Host): Step[] {
  const {
    image,
    environment,
    service,
    settings: {memory, cpus, log, docker_options: options},
  } = deployment;
  const given = {memory, cpus, log, docker_options: options.length === 0 ? undefined : options};
  const keys = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  // These need the network of the environment, which does not exist before the first deploy.
  if (keys.length === 0 || options.some((word) => /^--(?:net|network|link|dns)\b/.test(word))) return [];
  // Without a name: another deployer can do the same, and the lock is not taken yet.
  const create = dockerCreate({image, labels: roleLabels(stackOf(deployment), 'task'), log, memory, cpus, options});
  return [
    {
      phase: 'check',
      host,
      what: `check ${keys.join(', ')}`,
      commands: [['sh', '-c', `id=$(${wordsText(create.words)}) && docker rm --force --volumes "$id" >/dev/null`]],
      purpose: `docker${onHost(host)} refuses the settings of a replica; nothing has changed`,
      explain: (error) =>
        isProblem(error) && error.code === 'command_failed'
          ? problem({
              code: 'host_unsuitable',
              what: error.message,
              details: [
                ...error.details,
                ...keys.map(
                  (key) => `${service.placeOf?.(['environments', environment, key]) ?? 'deploy.yaml'}: ${key}`,
                ),
              ],
              fix: `correct ${keys.length === 1 ? 'it' : 'that one'} in deploy.yaml`,
              exitCode: exitCode.unavailable,
              cause: error,
            })
          : error,
    },
  ];
}

function logCheckSteps(deployment: Deployment, log: LogDriverOptions, apps: readonly SurveyedHost[]): Round {
  const {image} = deployment;
  return apps.map(({machine: {host}}) => ({
    phase: 'check',
    host,
    what: `check that the log driver ${log.driver} can start`,
    commands: [
      dockerRun({image, name: `${stackName(stackOf(deployment))}.log-check`, log, entrypoint: 'true'}, 'foreground'),
    ],
    undo: [],
    purpose: `cannot start a container with the log driver ${log.driver} on ${hostName(host)}; nothing has changed`,
    fix: 'start the log endpoint, correct `log` in deploy.yaml, or make it optional (gelf and syslog over UDP, fluentd-async, splunk-verify-connection=false)',
  }));
}
