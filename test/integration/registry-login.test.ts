import assert from 'node:assert/strict';
import {readdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {temporaryDirectory} from '../support/directory.ts';
import {docker} from '../support/docker.ts';
import {entrypoint, makeTiny} from './tiny.ts';

const {name, run, must, write} = makeTiny();
const home = temporaryDirectory();
const registry = `${name}.registry`;
after(() => docker(['rm', '--force', '--volumes', registry]));

// bcrypt of `labpass`.
const htpasswd = 'lab:$2b$04$AYUq/j4bnJPpSez/tP/H8.HsqroZXztxuBj1Ygw1ne6TjV/hTKK0S';

test('publish, promote and deploy work with a registry that requires a login, and say how to log in', () => {
  must(
    'docker',
    'create',
    '--name',
    registry,
    '--label',
    `entrypoint.service_name=${name}`,
    '--publish',
    '127.0.0.1::5000',
    '--env',
    'REGISTRY_AUTH=htpasswd',
    '--env',
    'REGISTRY_AUTH_HTPASSWD_REALM=lab',
    '--env',
    'REGISTRY_AUTH_HTPASSWD_PATH=/htpasswd',
    'entrypoint/registry:2.8',
  );
  writeFileSync(join(home, 'htpasswd'), `${htpasswd}\n`, {mode: 0o644});
  must('docker', 'cp', join(home, 'htpasswd'), `${registry}:/htpasswd`);
  must('docker', 'start', registry);
  const address = must('docker', 'port', registry, '5000/tcp').trim();
  const login = (auths: object): void => writeFileSync(join(home, 'config.json'), JSON.stringify({auths}));
  const env = {DOCKER_CONFIG: home, ENTRYPOINT_REGISTRY: address};

  login({});
  must(entrypoint, 'build');
  const pushed = run(entrypoint, ['publish'], {env});
  assert.equal(pushed.code, 1);
  assert.match(
    pushed.stderr,
    new RegExp(`refuses access: [^]*\nfix: log in as a user with access: docker login ${address}\n$`),
  );
  const refused = run(entrypoint, ['promote', '--to=rc'], {env});
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    new RegExp(
      `the registry answered 401: http://${address}/v2/${name}/manifests/\\S+\nfix: log in as a user with access: docker login ${address}\n$`,
    ),
  );

  login({[address]: {auth: Buffer.from('lab:labpass').toString('base64')}});
  const published = run(entrypoint, ['--json', 'publish'], {env});
  assert.equal(published.code, 0, published.stderr);
  const promoted = run(entrypoint, ['--json', 'promote', '--to=rc'], {env});
  assert.equal(promoted.code, 0, promoted.stderr);
  assert.equal(
    (JSON.parse(promoted.stdout) as {digest: string}).digest,
    (JSON.parse(published.stdout) as {digest: string}).digest,
  );
  const deployed = run(entrypoint, ['deploy', 'local', '--stage=rc'], {env});
  assert.equal(deployed.code, 0, deployed.stderr);

  // A deployer without a login of docker's, by that of deploy.yaml: what a run prints, and the script of a dry run.
  login({});
  write(
    'deploy.yaml',
    `service: ${name}\nregistry_login: {user: lab, password: {command: [printenv, LAB_PASSWORD]}}\nenvironments: {local: {stage: rc}}\n`,
  );
  const temporary = temporaryDirectory();
  const own = {...env, HOME: temporary, LAB_PASSWORD: 'labpass'};
  must('docker', 'image', 'rm', '--force', `${address}/${name}:rc`);
  const byFile = run(entrypoint, ['deploy', 'local'], {env: own});
  assert.equal(byFile.code, 0, byFile.stderr);
  assert.match(byFile.stderr, /printf '%s\\n' "\$\(printenv LAB_PASSWORD\)"/);
  const wrong = run(entrypoint, ['deploy', 'local'], {env: {...own, LAB_PASSWORD: 'other'}});
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /refuses access: [^]*fix: correct `registry_login` in deploy.yaml/);
  const script = run(entrypoint, ['--dry-run', 'deploy', 'local'], {env: own}).stdout;
  const byScript = run('sh', ['-c', script], {env: own});
  assert.equal(byScript.code, 0, byScript.stderr);
  assert.deepEqual(
    readdirSync(temporary).filter((file) => file.startsWith('entrypoint-')),
    [],
    'nothing of the login stays',
  );
  assert.deepEqual(readdirSync(home).toSorted(), ['config.json', 'htpasswd']);
  for (const {stdout, stderr} of [published, promoted, deployed, byFile, wrong, byScript])
    assert.doesNotMatch(stdout + stderr, /labpass|bGFiOmxhYnBhc3M/);
});
