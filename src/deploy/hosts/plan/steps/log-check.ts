import {dockerRun} from '../../../../commands/docker/index.ts';
import {hostName} from '../../../../service/hosts.ts';
import {stackName} from '../../../../stack/names.ts';
import {type Deployment, stackOf} from '../../../target.ts';
import type {Fleet} from '../../fleet.ts';
import type {Round} from './step.ts';

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
 * Starts a throwaway container with the service's log driver, so that an unreachable log endpoint fails the deploy before
 * anything changes.
 */
export function logCheckSteps(deployment: Deployment, {apps}: Fleet): Round {
  const {
    image,
    settings: {log},
  } = deployment;
  if (log === undefined || !remoteDrivers.has(log.driver)) return [];
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
