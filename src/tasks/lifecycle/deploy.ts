import type {Deployed, Plan} from '../../deploy/index.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';
import {environmentOption} from '../environment.ts';

export const deploy = task(
  'Start an image alongside the old release and move the traffic to it',
  {
    environment: environmentOption,
    image: option.string('image to deploy, by name or digest', {
      defaultText: 'the image of the stage, or the one built from this commit',
      valueName: 'IMAGE',
    }),
    stage: option.string('deploy the image promoted to this stage', {
      defaultText: '`stage` in deploy.yaml',
      valueName: 'STAGE',
    }),
    build: option.boolean('run `entrypoint build` first if this engine has no image of the current source', {
      default: true,
    }),
    plan: option.boolean('print the steps for each host without running them'),
    batch: option.string('hosts to change at a time: a number, a percentage such as 25%, or all', {
      defaultText: '`batch` in deploy.yaml',
      valueName: 'HOSTS',
    }),
    skipUnreachable: option.boolean('skip unreachable hosts; the next deploy brings them up to date'),
    canary: option.string(
      'let the new release serve a percentage of the requests, such as 10%, until --continue or --abort',
      {
        valueName: 'PERCENT',
      },
    ),
    continue: option.boolean('end the canary: the new release serves all requests'),
    abort: option.boolean('end the canary: the old release serves all requests'),
  },
  async (context, values): Promise<Deployed | Plan> =>
    (await import('../work/deploy.ts')).deployRelease(context, values),
);
