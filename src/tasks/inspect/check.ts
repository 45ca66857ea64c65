import type {Report} from '../../contract/check.ts';
import {reportFormats} from '../../contract/reports.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

/**
 * Inspects and runs any image, even one that `build` did not build. What its service needs comes from the options,
 * and from deploy.yaml (`test_integration`) if the image belongs to the service in this directory.
 */
export const check = task(
  'Check an image against the container contract',
  {
    image: option.string('image to check', {
      defaultText: 'the image built from this commit',
      positional: true,
      valueName: 'IMAGE',
    }),
    format: option.choice('format of the report', {choices: reportFormats, default: 'table'}),
    output: option.string('file for the report', {defaultText: 'standard output', valueName: 'FILE'}),
    rule: option.list('check only this rule', {valueName: 'RULE'}),
    env: option.list('variable that the service needs; without VALUE, a secret read from the variable NAME', {
      valueName: 'NAME[=VALUE]',
    }),
    command: option.string('arguments after the image in `docker run` that start the service', {
      defaultText: 'run; for an image whose entry point is not entrypoint, its own command',
    }),
    port: option.number('port of the service', {
      defaultText: '`port` in deploy.yaml, or the port that the image exposes',
      valueName: 'PORT',
    }),
    health: option.string('path that answers 200 when the service is ready for traffic', {
      defaultText: '`health` in deploy.yaml, or / with any status below 500',
      valueName: 'PATH',
    }),
    tcp: option.boolean('only connect to the port: for services that speak another protocol than HTTP', {
      default: false,
    }),
    startTimeout: option.number('seconds that the service can take to start', {
      defaultText: '`check.start_timeout_seconds` or the longest `ready_timeout_seconds` in deploy.yaml, or 20',
      valueName: 'SECONDS',
    }),
    alive: option.string('path that answers 200 while the process is alive', {
      defaultText: '/healthz',
      valueName: 'PATH',
    }),
    slowPath: option.string('path that takes two seconds to answer: the request in progress at SIGTERM', {
      defaultText: 'a request sent in two parts',
      valueName: 'PATH',
    }),
    helper: option.string('image with node and sh, in which the probes run', {
      default: 'entrypoint/base:26',
      valueName: 'IMAGE',
    }),
  },
  async (context, values): Promise<Report | undefined> =>
    (await import('../work/check.ts')).checkContract(context, values),
);
