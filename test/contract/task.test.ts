import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {temporaryDirectory} from '../support/directory.ts';
import {long} from '../support/long.ts';
import {until} from '../support/until.ts';
import {build, check, leftovers, removeImages, runCommand, tagOf} from './fixtures.ts';

const cli = join(import.meta.dirname, '../../src/cli/bin.ts');
const service = `contract-${randomBytes(4).toString('hex')}`;
const directory = temporaryDirectory();
const temporary = join(directory, 'tmp');
let image = '';

// The labelled image of a service in a directory with deploy.yaml.
before(async () => {
  await build('good');
  image = tagOf('labelled');
  writeFileSync(
    join(directory, 'Dockerfile'),
    `FROM ${tagOf('good')}\nLABEL entrypoint.service_name=${service} org.opencontainers.image.revision=\n`,
  );
  const {code, stderr} = await runCommand('docker', ['build', '--quiet', '--tag', image, directory]);
  assert.equal(code, 0, stderr);
  describeService();
});
after(async () => {
  await removeImages();
});

function describeService(skip = '', health = '/'): void {
  writeFileSync(
    join(directory, 'deploy.yaml'),
    `service: ${service}\nhealth: ${health}\ncheck: {alive: /, skip: {${skip}}}\n`,
  );
}

const checkHere = (...words: string[]) =>
  runCommand(process.execPath, [cli, '--quiet', 'check', image, ...words], {cwd: directory});

test('the table goes to stdout, and a warning does not fail the check', async () => {
  const {code, stdout, stderr} = await checkHere('--rule=has-labels', '--rule=no-volume');
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^pass {2}no-volume {3}none\nwarn {2}has-labels {2}no org\.opencontainers\.image\.revision\n +fix: LABEL [^\n]+\n[^\n]+: 1 passed, 0 failed, 1 warned, 0 not applicable; [\d.]+ s\n$/,
  );
});

test('a rule that deploy.yaml skips is reported with its reason', async () => {
  describeService('has-labels: it is only a test');
  const {code, stdout} = await checkHere('--rule=has-labels', '--format=json');
  describeService();
  assert.equal(code, 0);
  const {results} = JSON.parse(stdout) as {results: {status: string; evidence: string}[]};
  assert.deepEqual(
    results.map(({status, evidence}) => ({status, evidence})),
    [{status: 'skip', evidence: 'it is only a test'}],
  );
});

const startsWith = async (health: string, ...words: string[]): Promise<string> => {
  describeService('', health);
  const {code, stdout} = await checkHere('--rule=starts', '--start-timeout=3', ...words);
  describeService();
  return `${code} ${stdout.split('\n')[0]}`;
};

test('the health check of deploy.yaml decides whether the service is healthy', long, async () => {
  assert.equal(
    await startsWith('{command: [sh, -c, "exit 3"]}'),
    '1 FAIL  starts  `sh -c exit 3` in the container is not healthy after 3 s: exit code 3',
  );
  assert.equal(
    await startsWith('{path: /, host: shop.example.com, body: bad}'),
    '1 FAIL  starts  GET / (Host: shop.example.com) on port 3000 is not healthy after 3 s: 200, but its body does not match bad',
  );
  assert.equal(await startsWith('{path: /, body: good}'), '0 pass  starts  GET / answers 200');
  assert.equal(await startsWith('/nowhere', '--tcp'), '0 pass  starts  a connection to port 3000 succeeds');
});

test('--output writes the report to a file', async () => {
  const {code, stdout} = await checkHere('--rule=no-volume', '--format=junit', '--output=report.xml');
  assert.equal(code, 0);
  assert.equal(stdout, '');
  assert.match(readFileSync(join(directory, 'report.xml'), 'utf8'), /tests="1" failures="0"/);
});

test('a broken rule is reported with its evidence, and the exit code is 1', async () => {
  const tag = await build('no-volume');
  const {code, stdout, stderr} = await check('no-volume', tag, ['--rule=no-volume']);
  assert.equal(code, 1);
  assert.match(stdout, /^FAIL {2}no-volume {2}VOLUME \/data\n/);
  assert.match(stderr, /breaks 1 rule of the contract\n {2}no-volume: VOLUME \/data\nfix: /);
});

test('an unknown rule and a missing image are errors, and nothing is started', async () => {
  const unknown = await checkHere('--rule=no-volumes');
  assert.equal(unknown.code, 64);
  assert.match(unknown.stderr, /did you mean no-volume\?/);
  const missing = await runCommand(process.execPath, [cli, '--quiet', 'check', `${image}-missing`], {cwd: directory});
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /no such image on this engine/);
});

test('a dry run starts nothing', async () => {
  const {code, stdout} = await runCommand(process.execPath, [cli, '--dry-run', 'check', image], {cwd: directory});
  assert.equal(code, 0);
  assert.match(stdout, /^#!\/bin\/sh\nset -eu\n# checks /);
  assert.deepEqual(await leftovers(service), []);
});

test('Ctrl-C during a check removes everything', async () => {
  const stop = new AbortController();
  rmSync(temporary, {recursive: true, force: true});
  const checking = runCommand(
    'sh',
    ['-c', `mkdir ${temporary} && TMPDIR=${temporary} exec "$0" ${cli} --quiet check ${image}`, process.execPath],
    {cwd: directory, signal: stop.signal},
  );
  // The network, the prober and two more: the check is at its busiest.
  await until('four containers', async () => (await leftovers(service)).length >= 4, 20);
  stop.abort();
  const {code, stderr} = await checking;
  assert.equal(code, 130, stderr);
  assert.deepEqual(await leftovers(service), []);
  assert.deepEqual(
    readdirSync(temporary).filter((name) => name.startsWith('entrypoint-check-')),
    [],
  );
});
