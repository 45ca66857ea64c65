import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {test} from 'node:test';
import {directoryWith} from '../support/directory.ts';
import {entrypoint, environment, service} from './harness.ts';

const bytes = randomBytes(200_000);
const piped = (cwd: string, task: string) =>
  spawnSync(entrypoint, ['--quiet', task], {cwd, env: environment(), input: bytes, maxBuffer: 1e6});

test('a command of a task gets the standard input if the task says so, byte for byte', () => {
  const cwd = service({
    'tasks.ts': `
import {task} from 'entrypoint/tasks';
export const load = task('Load', {}, async ({run}) => { await run(['cat']); await run(['cat'], {input: true}); });
`,
  });
  const {status, stdout, stderr} = piped(cwd, 'load');
  assert.deepEqual([status, stdout.equals(bytes)], [0, true], stderr.toString());
});

test('a task of tasks.py gets it as from invoke itself', () => {
  const described = [{name: 'load', summary: 'Load.', options: []}];
  const cwd = directoryWith({
    'tasks.py': '',
    'pyproject.toml': '',
    '.venv/bin/python': '',
    '.venv/bin/python3': `#!/bin/sh\necho '${JSON.stringify(described)}'\n`,
    '.venv/bin/invoke': '#!/bin/sh\nexec cat\n',
  });
  const {status, stdout, stderr} = piped(cwd, 'load');
  assert.deepEqual([status, stdout.equals(bytes)], [0, true], stderr.toString());
});
