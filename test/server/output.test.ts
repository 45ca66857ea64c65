import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {temporaryDirectory} from '../support/directory.ts';
import {longIf} from '../support/long.ts';

const program = join(import.meta.dirname, '../../dist/serve.js');

// A non-blocking pipe takes 64 KiB and then fails; a blocking one waits for its reader.
const flood = `
import {writeSync} from 'node:fs';
setTimeout(() => {
  for (let left = 10 * 1024; left > 0; left -= 1) writeSync(1, 'x'.repeat(1023) + '\\n');
  process.kill(process.ppid, 'SIGTERM');
}, 500);
export default (request, response) => response.end();
`;

for (const flags of [[], ['--access-log', '--admin-bind=127.0.0.1:0']] as const) {
  test(
    `10 MB that a worker writes to a slow reader arrive complete ${flags.join(' ')}`,
    {timeout: 30_000, ...longIf(flags.length === 0)},
    async (t) => {
      const directory = temporaryDirectory();
      writeFileSync(join(directory, 'flood.mjs'), flood);
      const child = spawn(process.execPath, [program, 'flood.mjs', '--workers=1', '--bind=127.0.0.1:0', ...flags], {
        cwd: directory,
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {PATH: process.env['PATH']},
      });
      const ended = new Promise<number | null>((resolve) => void child.once('exit', resolve));
      t.after(() => {
        child.kill('SIGKILL');
      });
      await sleep(2500);
      let count = 0;
      for await (const chunk of child.stdout.setEncoding('latin1')) count += String(chunk).split('x').length - 1;
      assert.equal(await ended, 0);
      // Lines of the server's own log can contain the letter too.
      assert.ok(count >= 10 * 1024 * 1023 && count < 10 * 1024 * 1023 + 1000, String(count));
    },
  );
}
