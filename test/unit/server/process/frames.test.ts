import assert from 'node:assert/strict';
import {join} from 'node:path';
import {test} from 'node:test';
import {serviceStack} from '../../../../src/server/process/frames.ts';

test('a stack keeps only the frames of the service and its dependencies', () => {
  const ours = join(import.meta.dirname, '../../../../src/server/worker/worker.ts');
  assert.equal(
    serviceStack(
      [
        'Error: no database',
        '    at connect (file:///app/node_modules/pg/index.js:3:4)',
        '    at file:///app/server.js:1:7',
        '    at ModuleJob.run (node:internal/modules/esm/module_job:569:25)',
        '    at async node:internal/modules/esm/loader:650:26',
        `    at async start (file://${ours}:1:2)`,
      ].join('\n'),
    ),
    [
      'Error: no database',
      '    at connect (file:///app/node_modules/pg/index.js:3:4)',
      '    at file:///app/server.js:1:7',
    ].join('\n'),
  );
});
