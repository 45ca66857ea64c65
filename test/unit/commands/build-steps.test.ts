import assert from 'node:assert/strict';
import {test} from 'node:test';
import {buildSteps} from '../../../src/commands/docker/index.ts';

test('the steps of a Dockerfile are read out of the progress of BuildKit', () => {
  const read = buildSteps();
  const lines = [
    '#0 building with "default" instance using docker driver',
    '',
    '#1 [internal] load build definition from Dockerfile',
    '#1 transferring dockerfile: 98B done',
    '#1 DONE 0.0s',
    '#5 [1/2] FROM docker.io/entrypoint/node-service:26',
    '#5 DONE 0.0s',
    '#5 CACHED',
    '#6 [2/2] RUN npm ci',
    '#6 0.521 added 3 packages',
    '#7 exporting to image',
    '#6 [2/2] RUN npm ci',
    '#6 DONE 1.2s',
    '#7 DONE 0.1s',
    '#8 [3/3] RUN false',
    '#8 ERROR: process "/bin/sh -c false" did not complete successfully: exit code: 1',
    '------',
    ' > [3/3] RUN false:',
  ];
  assert.deepEqual(lines.map(read).filter(Boolean), [
    'building with "default" instance using docker driver',
    '[internal] load build definition from Dockerfile',
    '[internal] load build definition from Dockerfile: transferring dockerfile: 98B done',
    '[1/2] FROM docker.io/entrypoint/node-service:26',
    {title: '[1/2] FROM docker.io/entrypoint/node-service:26', state: 'cached', seconds: 0},
    '[2/2] RUN npm ci',
    '[2/2] added 3 packages',
    'exporting to image',
    '[2/2] RUN npm ci',
    {title: '[2/2] RUN npm ci', state: 'done', seconds: 1.2},
    '[3/3] RUN false',
    {title: '[3/3] RUN false', state: 'failed', seconds: 0},
  ]);
});

test('warnings are kept: those of the steps of our images with their fixes, and those of BuildKit', () => {
  const read = buildSteps();
  const lines = [
    '#6 [2/2] RUN build-service',
    '#6 0.5 fix: of no warning',
    '#6 0.6 entrypoint: warning: two lock files',
    '#6 0.6 fix: remove one',
    '#6 0.7 added 3 packages',
    '#6 DONE 1.2s',
    ' 1 warning found (use docker --debug to expand):',
    ' - JSONArgsRecommended: JSON arguments recommended for CMD (line 3)',
  ];
  assert.deepEqual(
    lines.map(read).filter((one) => typeof one === 'object'),
    [
      {
        title: '[2/2] RUN build-service',
        state: 'done',
        seconds: 1.2,
        warnings: ['entrypoint: warning: two lock files', 'fix: remove one'],
      },
      {warning: '1 warning found (use docker --debug to expand):'},
      {warning: '- JSONArgsRecommended: JSON arguments recommended for CMD (line 3)'},
    ],
  );
});
