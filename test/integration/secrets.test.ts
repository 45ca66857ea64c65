import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {before, test} from 'node:test';
import {long} from '../support/long.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// Secrets of every shape, and exec, on this machine's engine. test/fleet/secrets.ts has the same on hosts.

const {name, directory, environment, run, must, write, describe, commit, leftovers} = makeTiny();
const certificate = `-----BEGIN CERTIFICATE-----\n${randomBytes(600).toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----`;
const values = {
  PEM: certificate,
  CRLF: `${certificate.replaceAll('\n', '\r\n')}\r`,
  BIG: randomBytes(51_200).toString('hex'),
  ODD: `\t it's "$HOME" \`x\` \\n #é😀 = `,
  ASKED: 'from a command',
};
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
const digests = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, digestOf(value)]));
const asked = (): string => {
  const file = join(directory, '.git/asked');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  rmSync(file, {force: true});
  return text;
};
const inGit = (file: string, content: string | Uint8Array): void =>
  writeFileSync(join(directory, '.git', file), content);
const references =
  'PEM: {file: .git/pem}, CRLF: {file: .git/crlf}, BIG: {file: .git/big}, ODD: {env: X_ODD}, ASKED: {command: [.git/ask]}';
const env = {X_ODD: values.ODD};

let image = '';
const deployWords = (): string[] => ['deploy', 'local', `--image=${image}`];

before(() => {
  write(
    'tasks.ts',
    `export * from 'entrypoint/tasks';
import {createHash} from 'node:crypto';
import {task} from 'entrypoint';
export const digest = task('Print digests of the secrets', {}, async ({env, say}) =>
  say(process.getuid() + ' ' + env.HOME + ' ' + JSON.stringify(Object.fromEntries(${JSON.stringify(Object.keys(values))}.map((name) => [name, createHash('sha256').update(env[name] ?? '').digest('hex').slice(0, 12)])))));
`,
  );
  commit();
  inGit('pem', `${values.PEM}\n`);
  inGit('crlf', `${values.CRLF}\n`);
  inGit('big', values.BIG);
  writeFileSync(
    join(directory, '.git/ask'),
    `#!/bin/sh\necho asked >>'${directory}/.git/asked'\necho '${values.ASKED}'\n`,
    {mode: 0o755},
  );
  image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
  describe(`replicas: 2, before: [digest], after: [digest], secrets: {${references}}`);
});

test('secrets of every shape arrive in tasks and in replicas; a command is asked once for all of them, and for no plan', () => {
  const words = deployWords();
  const planned = run(entrypoint, [...words, '--plan'], {env});
  const printed = run(entrypoint, ['--dry-run', ...words], {env});
  assert.deepEqual([planned.code, printed.code, asked()], [0, 0, ''], planned.stderr + printed.stderr);
  const {code, stdout, stderr} = run(entrypoint, words, {env});
  assert.equal(code, 0, stderr);
  assert.equal(asked(), 'asked\n');
  const found = stdout.split('\n').filter((line) => line.startsWith('10001 '));
  const expected = `10001 /home/webuser ${JSON.stringify(digests)}`;
  assert.deepEqual(found, [expected, expected]);
  const output = planned.stdout + planned.stderr + printed.stdout + stdout + stderr;
  for (const value of Object.values(values))
    assert.ok(!output.includes(value.slice(0, 100).trimEnd()), value.slice(0, 30));
  const script = `console.log(JSON.stringify(Object.fromEntries(${JSON.stringify(Object.keys(values))}.map((name) => [name, require('node:crypto').createHash('sha256').update(process.env[name] ?? '').digest('hex').slice(0, 12)]))))`;
  const inReplica = must(entrypoint, '--quiet', 'exec', '--all', '--', 'node', '-e', script);
  assert.deepEqual(inReplica.split('\n').toSorted(), [
    '',
    ...[1, 2].map((replica) => `${name}.local.1.${replica} | ${JSON.stringify(digests)}`),
  ]);
  assert.equal(asked(), '');
});

test('a secret that cannot be passed on ends the deploy before anything changes', () => {
  const made = leftovers();
  inGit('binary', randomBytes(5000));
  inGit('nul', 'a\0b');
  inGit('empty', '\n');
  inGit('huge', 'x'.repeat(200_000));
  describe(
    'secrets: {A: {file: .git/binary}, B: {file: .git/nul}, C: {file: .git/empty}, D: {command: [sh, -c, "echo hush; echo its trace >&2; exit 3"]}, E: {env: X_NONE}}',
  );
  const {code, stderr} = run(entrypoint, deployWords());
  assert.equal(code, 65, stderr);
  assert.match(
    stderr,
    /\nits trace\nentrypoint: secrets cannot be passed on, or are missing\n {2}C: the file \S+\/\.git\/empty is empty\n {2}D: exit code 3: sh\n {2}E: the environment variable X_NONE is not set\n {2}A: the file \S+\/\.git\/binary (?:is not text in UTF-8|has a NUL[^\n]*)\n {2}B: the file \S+\/\.git\/nul has a NUL, which no environment variable can hold\nfix: /,
  );
  assert.doesNotMatch(stderr, /^hush$/m);
  describe('secrets: {A: {file: .git/huge}}');
  assert.match(run(entrypoint, deployWords()).stderr, /\n {2}A: 200003 bytes with its name; /);
  assert.deepEqual(leftovers(), made);
});

test('exec passes the standard input on, byte for byte and to its end, and the exit code back', () => {
  const bytes = randomBytes(300_000);
  const {status, stdout, stderr} = spawnSync(entrypoint, ['--quiet', 'exec', '--', 'sh', '-c', 'cat; exit 7'], {
    cwd: directory,
    env: environment,
    input: bytes,
    maxBuffer: 1e6,
  });
  assert.deepEqual([status, stdout.equals(bytes)], [7, true], stderr.toString());
  const printed = run(entrypoint, ['--dry-run', 'exec', '--', 'wc', '-c']);
  inGit('script', printed.stdout);
  const script = run('sh', ['.git/script'], {input: 'twelve bytes'});
  assert.deepEqual([script.code, script.stdout.trim()], [0, '12'], script.stderr);
});

test('exec runs as the service does, with its environment and its privileges; --root as root', () => {
  const privileges = 'grep -E "^(Uid|Gid|Groups|CapEff|NoNewPrivs)" /proc/$process/status';
  const variables = `tr '\\0' '\\n' </proc/$process/environ | grep -vE '^(HOSTNAME|_|SHLVL|PWD|OLDPWD)=' | sort`;
  const show = (of: string): string[] => ['sh', '-c', `process=${of}; ${privileges}; ${variables}`];
  const service = must('docker', 'exec', '--user', '10001', `${name}.local.1.1`, ...show('1'));
  assert.match(service, /^Uid:\t10001\t[^]*^NoNewPrivs:\t1$[^]*^HOME=\/home\/webuser$/m);
  assert.equal(must(entrypoint, '--quiet', 'exec', '--', ...show('$$')), service);
  const root = must(entrypoint, '--quiet', 'exec', '--root', '--', 'sh', '-c', 'echo "$(id -u) $HOME"');
  assert.equal(root, '0 /root\n');
});

test('--terminal without a terminal, and input for several replicas, are refused in words, before any host is asked', () => {
  const refused = (input: string | undefined, ...words: string[]) => {
    const {code, stderr} = run(
      entrypoint,
      ['--quiet', 'exec', ...words, '--', 'cat'],
      input === undefined ? {} : {input},
    );
    assert.equal(code, 64, stderr);
    return stderr;
  };
  assert.equal(
    refused('x', '--terminal'),
    'entrypoint: --terminal needs a terminal, and the standard input is not one\nfix: leave --terminal out: exec passes the standard input on without it\n',
  );
  assert.match(refused(undefined, '--all', '--terminal'), /several replicas, and --terminal is for one/);
  inGit('input', 'x');
  const {code, stderr} = run('sh', ['-c', `'${entrypoint}' --quiet exec --all -- cat <.git/input`]);
  assert.deepEqual([code, /several replicas, which get no standard input/.test(stderr)], [64, true], stderr);
});

test('the image deploys itself with the same secrets', long, () => {
  describe(`secrets: {${references.replaceAll('.git/', '/secrets/')}}`);
  const mounts = [
    '/var/run/docker.sock:/var/run/docker.sock',
    `${directory}/.git:/secrets:ro`,
    `${directory}/deploy.yaml:/content/deploy.yaml:ro`,
  ].flatMap((mount) => ['--volume', mount]);
  const words = ['run', '--rm', ...mounts, '--env', 'X_ODD', image, ...deployWords()];
  const {code, stderr} = run('docker', words, {env});
  assert.equal(code, 0, stderr);
  const {stdout} = run(entrypoint, ['--quiet', 'exec', '--', 'entrypoint', '--quiet', 'digest']);
  assert.equal(stdout, `10001 /home/webuser ${JSON.stringify(digests)}\n`);
});
