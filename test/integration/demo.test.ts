import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {long} from '../support/long.ts';

const root = join(import.meta.dirname, '../..');
// A demo may be in use: a second run is safe, and an existing demo stays.
const existed = existsSync(join(root, '.demo'));
const {NODE_TEST_CONTEXT: _, ...env} = process.env;

function demo(...words: readonly string[]): {code: number | null; output: string} {
  const {status, stdout, stderr} = spawnSync('npm', ['run', '--silent', 'demo', '--', ...words], {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  return {code: status, output: stdout + stderr};
}

const nameOfDemo = (): string => readFileSync(join(root, '.demo/service-name'), 'utf8');
const ofDemo = (name: string, ...words: readonly string[]): string =>
  spawnSync('docker', [...words, '--filter', `label=entrypoint.service_name=${name}`, '--quiet'], {encoding: 'utf8'})
    .stdout;

after(() => {
  if (!existed && existsSync(join(root, '.demo'))) demo('--down');
});

test('npm run demo runs the whole life cycle and loses no request', () => {
  const {code, output} = demo();
  assert.equal(code, 0, output.slice(-3000));
  const [, sent, failed] = /^during +(\d+) +(\d+) /m.exec(output) ?? [];
  assert.ok(Number(sent) > 200, `requests during the deploy: ${sent}`);
  assert.equal(failed, '0');
  assert.match(output, /^address {4}http:\/\/127\.0\.0\.1:\d+ /m);
  const [, first, second] = /^version 1 {2}(\S+@sha256:\w+)\nversion 2 {2}(\S+@sha256:\w+)$/m.exec(output) ?? [];
  assert.ok(first !== undefined && second !== undefined && first !== second, output.slice(-1000));
  const password = readFileSync(join(root, '.demo/database-password'), 'utf8');
  assert.ok(!output.includes(password), 'the output contains the password');
});

test('a second run alongside the first one is as safe, and takes less than 90 seconds', long, () => {
  const {code, output} = demo();
  assert.equal(code, 0, output.slice(-3000));
  assert.match(output, /^during +\d+ +0 /m);
  const [, seconds] = /^(\d+) s in all/m.exec(output) ?? [];
  assert.ok(Number(seconds) < 90, `${seconds} s`);
});

test('npm run demo -- --down leaves nothing behind', (t) => {
  if (existed) return t.skip('a demo existed before: it is left alone');
  const name = nameOfDemo();
  assert.notEqual(ofDemo(name, 'ps') + ofDemo(name, 'images'), '');
  const {code, output} = demo('--down');
  assert.equal(code, 0, output);
  assert.equal(
    ofDemo(name, 'ps', '--all') + ofDemo(name, 'network', 'ls') + ofDemo(name, 'volume', 'ls') + ofDemo(name, 'images'),
    '',
  );
  assert.ok(!existsSync(join(root, '.demo')));
  assert.equal(
    spawnSync('docker', ['ps', '--all', '--quiet', '--filter', `name=^${name}.demo-registry$`], {encoding: 'utf8'})
      .stdout,
    '',
  );
});
