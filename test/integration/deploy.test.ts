import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {entrypoint, makeTiny} from './tiny.ts';

const {name: service, run, must, describe, leftovers} = makeTiny();
const place = (environment: string): void =>
  describe(`replicas: 2, ready_timeout_seconds: 5, environment: ${environment}`);
place('{}');

let image = '';

/** Containers, their images, labels, commands and variables, and the balancer's file: all but generated ids. */
function snapshot(): unknown {
  const names = must(
    'docker',
    'ps',
    '--all',
    '--filter',
    `label=entrypoint.service_name=${service}`,
    '--format',
    '{{.Names}}',
  )
    .trim()
    .split('\n')
    .toSorted();
  const format =
    '{{.Name}} {{.State.Running}} {{.Image}} {{json .Config.Image}} {{json .Config.Labels}} {{json .Config.Cmd}} {{json .Config.Env}} {{json .HostConfig.RestartPolicy}} {{json .HostConfig.NetworkMode}}';
  return {
    // Docker reads variables into a map: their order is random.
    containers: must('docker', 'inspect', '--format', format, ...names).replaceAll(/\["\w+=[^\]]*\]/g, (variables) =>
      JSON.stringify((JSON.parse(variables) as string[]).toSorted()),
    ),
    balancer: must('docker', 'exec', `${service}.local.balancer`, 'lb', 'fragment', `${service}.local`),
    // Addresses are padded to one width, whatever their length. A slot in maintenance keeps its last address: it gets no traffic and no check before it is used again.
    servers: must('docker', 'exec', `${service}.local.balancer`, 'lb', 'show')
      // While a check runs, the code of the one before is not known.
      .replaceAll(/(L7OK) - /g, '$1 200 ')
      .replaceAll(/(MAINT +)\S+ +/g, '$1')
      .replaceAll(/\d+\.\d+\.\d+\.\d+:(\d+) +/g, 'ADDRESS:$1 '),
  };
}

before(() => {
  image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
});

test('the script that a dry run of deploy prints ends in the same state as the deploy', () => {
  must(entrypoint, 'deploy', 'local');
  const deployed = snapshot();
  must(entrypoint, 'remove', 'local');
  // Which removed its image as well.
  must(entrypoint, '--quiet', 'build');
  const script = must(entrypoint, '--dry-run', 'deploy', 'local');
  const {code, stderr} = run('sh', [], {input: script});
  assert.equal(code, 0, stderr);
  assert.deepEqual(snapshot(), deployed);
});

test('a release that never becomes healthy leaves the old one serving, and reports the last answer', () => {
  const unchanged = snapshot();
  place('{BROKEN: "yes"}');
  const {code, stderr} = run(entrypoint, ['deploy', 'local', `--image=${image}`]);
  assert.notEqual(code, 0);
  assert.match(stderr, /release 2 did not become healthy; release 1 keeps serving: command failed with exit code 1: /);
  assert.match(stderr, /503/);
  assert.deepEqual(snapshot(), unchanged);
});

test('rollback switches the traffic to the previous release, and remove leaves nothing', () => {
  place('{}');
  must(entrypoint, 'deploy', 'local');
  const {release} = JSON.parse(must(entrypoint, '--quiet', '--json', 'rollback')) as {release: number};
  assert.equal(release, 1);
  must(entrypoint, 'remove', 'local', '--volumes');
  assert.deepEqual(leftovers(), []);
});
