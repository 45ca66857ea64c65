import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {cpSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';

const entrypoint = join(import.meta.dirname, '..', '..', 'bin', 'entrypoint');
const service = `tiny-${randomBytes(4).toString('hex')}`;
const folder = mkdtempSync(join(tmpdir(), `${service}-`));

let image = '';

function run(program: string, words: string[], input?: string): {code: number | null; stdout: string; stderr: string} {
  const {status, stdout, stderr} = spawnSync(program, words, {cwd: folder, encoding: 'utf8', ...(input === undefined ? {} : {input})});
  return {code: status, stdout, stderr};
}

function must(program: string, ...words: string[]): string {
  const {code, stdout, stderr} = run(program, words);
  assert.equal(code, 0, `${program} ${words.join(' ')}\n${stderr}`);
  return stdout;
}

function describeDeploy(environment: string): void {
  writeFileSync(join(folder, 'deploy.yaml'), `service: ${service}\nenvironments: {local: {replicas: 2, ready_timeout_seconds: 5, environment: ${environment}}}\n`);
}

/** Containers, their images, labels, commands and variables, and the balancer's file: all but generated ids. */
function snapshot(): unknown {
  const names = must('docker', 'ps', '--all', '--filter', `label=entrypoint.service_name=${service}`, '--format', '{{.Names}}').trim().split('\n').toSorted();
  const format = '{{.Name}} {{.State.Running}} {{.Image}} {{json .Config.Image}} {{json .Config.Labels}} {{json .Config.Cmd}} {{json .Config.Env}} {{json .HostConfig.RestartPolicy}} {{json .HostConfig.NetworkMode}}';
  return {
    containers: must('docker', 'inspect', '--format', format, ...names),
    balancer: must('docker', 'exec', `${service}.local.balancer`, 'cat', '/etc/haproxy/haproxy.cfg'),
    // A slot in maintenance keeps the address it had last: it gets no traffic and no check until it is used again.
    servers: must('docker', 'exec', `${service}.local.balancer`, 'lb', 'show')
      .replaceAll(/(MAINT +)\S+ +/g, '$1').replaceAll(/\d+\.\d+\.\d+\.\d+/g, 'ADDRESS'),
  };
}

before(() => {
  cpSync(join(import.meta.dirname, 'fixtures', 'tiny'), folder, {recursive: true});
  describeDeploy('{}');
  must('git', 'init', '--quiet');
  must('git', 'add', '--all');
  must('git', '-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '--message=one');
  image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
});

after(() => {
  describeDeploy('{}');
  run(entrypoint, ['remove', 'local', '--volumes']);
  const images = run('docker', ['images', '--quiet', '--filter', `label=entrypoint.service_name=${service}`]).stdout.split('\n').filter((id) => id !== '');
  if (images.length > 0) run('docker', ['image', 'rm', '--force', ...images]);
  rmSync(folder, {recursive: true, force: true});
});

test('the script that a dry run of deploy prints ends in the state that the deploy ends in', () => {
  must(entrypoint, 'deploy', 'local');
  const deployed = snapshot();
  must(entrypoint, 'remove', 'local');
  const script = must(entrypoint, '--dry-run', 'deploy', 'local');
  const {code, stderr} = run('sh', [], script);
  assert.equal(code, 0, stderr);
  assert.deepEqual(snapshot(), deployed);
});

test('a release that never becomes healthy leaves the old one serving, and tells the last answer', () => {
  const unchanged = snapshot();
  describeDeploy('{BROKEN: "yes"}');
  const {code, stderr} = run(entrypoint, ['deploy', 'local', `--image=${image}`]);
  assert.notEqual(code, 0);
  assert.match(stderr, /replica 1 is not healthy, and the old release goes on serving/);
  assert.match(stderr, /503/);
  assert.deepEqual(snapshot(), unchanged);
});

test('rollback moves the traffic to the release before, and remove leaves nothing', () => {
  describeDeploy('{}');
  must(entrypoint, 'deploy', 'local');
  const {release} = JSON.parse(must(entrypoint, '--quiet', '--json', 'rollback')) as {release: number};
  assert.equal(release, 1);
  must(entrypoint, 'remove', 'local', '--volumes');
  assert.equal(must('docker', 'ps', '--all', '--quiet', '--filter', `label=entrypoint.service_name=${service}`), '');
  assert.equal(must('docker', 'network', 'ls', '--quiet', '--filter', `name=${service}`), '');
});
