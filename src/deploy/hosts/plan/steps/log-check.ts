import {dockerRun} from '../../../../commands/docker/index.ts';
import {hostName} from '../../../../service/hosts.ts';
import {stackName} from '../../../../stack/names.ts';
import {type Deployment, stackOf} from '../../../target.ts';
import type {View} from '../../fleet.ts';
import type {Round} from './step.ts';

// These talk to somebody, and a container does not start where nobody answers.
const talking = new Set([
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

/** Starts a container for nothing with the log driver of the service, so that an endpoint that is down is told before anything has changed. */
export function logCheckSteps(deployment: Deployment, {apps}: View): Round {
  const {
    image,
    settings: {log},
  } = deployment;
  if (log === undefined || !talking.has(log.driver)) return [];
  return apps.map(({machine: {host}}) => ({
    phase: 'check',
    host,
    what: `check that the log driver ${log.driver} can start`,
    commands: [
      dockerRun({image, name: `${stackName(stackOf(deployment))}.log-check`, log, entrypoint: 'true'}, 'foreground'),
    ],
    undo: [],
    purpose: `a container with the log driver ${log.driver} does not start on ${hostName(host)}, and nothing has changed`,
    fix: 'start what receives the logs, correct `log` in deploy.yaml, or let it start without (gelf and syslog over UDP, fluentd-async, splunk-verify-connection=false)',
  }));
}
