import {dockerCreate, markedOptions} from '../../../../commands/docker/index.ts';
import {exitCode, isProblem, problem} from '../../../../errors.ts';
import {type Host, onHost} from '../../../../service/hosts.ts';
import {wordsText} from '../../../../shell/argv.ts';
import {roleLabels} from '../../../../stack/names.ts';
import {type Deployment, replicaSettings, stackOf} from '../../../target.ts';
import type {Fleet} from '../../fleet.ts';
import {appsOf, type SurveyedHost} from '../../state.ts';
import {isStartChecked, logCheckStep} from './log.ts';
import type {Round, Step} from './step.ts';

/**
 * Tries, before anything changes, what only an engine can judge: it starts a throwaway container with a log driver that has
 * a remote endpoint, which can be unreachable, or creates one with the limits, the options and the log driver of the
 * replicas. A host that runs replicas with these settings has judged them.
 */
export function checkSteps(deployment: Deployment, {apps}: Fleet): Round {
  if (isStartChecked(deployment)) return apps.map(({machine: {host}}) => logCheckStep(deployment, host));
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
  const labels = roleLabels(stackOf(deployment), 'task');
  const drivers = [log, ...(log?.fallback === undefined ? [] : [log.fallback])];
  const creates = drivers.map((one) => {
    // An option that is a secret can have any value here.
    const its =
      one === undefined ? undefined : {...one, options: {...one.options, ...markedOptions(log?.secrets ?? {})}};
    return dockerCreate({image, labels, log: its && {driver: its.driver, options: its.options}, memory, cpus, options});
  });
  return [
    {
      phase: 'check',
      host,
      what: `check ${keys.join(', ')}`,
      commands: creates.map(({words}) => [
        'sh',
        '-c',
        `id=$(${wordsText(words)}) && docker rm --force --volumes "$id" >/dev/null`,
      ]),
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
