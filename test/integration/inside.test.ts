import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {before, test} from 'node:test';
import {eventually} from '../support/until.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// The image that serves also runs every task, its own deployment included.

const {name, directory, run, must, write, commit, leftovers} = makeTiny();
let image = '';

before(() => {
  mkdirSync(join(directory, 'test', 'unit'), {recursive: true});
  write(
    'test/unit/sum.test.ts',
    "import {test} from 'node:test';\n\ntest('adds', () => {\n  if (Math.max(1, 2) !== 2) throw new Error('no');\n});\n",
  );
  commit();
  image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
});

const docker = (...words: string[]): string => must('docker', ...words);
const inside = (...words: string[]): string =>
  docker('run', '--rm', '--volume', '/var/run/docker.sock:/var/run/docker.sock', image, '--quiet', ...words);

test('docker run IMAGE lists the same tasks as entrypoint outside', () => {
  assert.equal(docker('run', '--rm', image), must(entrypoint));
});

test('docker run IMAGE test_unit and static_analysis succeed as they do outside', () => {
  for (const task of ['test_unit', 'static_analysis']) {
    assert.equal(run(entrypoint, [task]).code, 0);
    assert.equal(run('docker', ['run', '--rm', image, task]).code, 0);
  }
});

test('an unknown task ends the container with exit code 64 and a suggestion', () => {
  const {code, stderr} = run('docker', ['run', '--rm', image, 'test_unti']);
  assert.equal(code, 64);
  assert.match(stderr, /^entrypoint: test_unti is not a task\nfix: did you mean test_unit\?\n$/);
});

test('docker run IMAGE run serves as a user other than root, and exits with 0 after SIGTERM', async () => {
  const container = `${name}.served`;
  docker('run', '--detach', '--name', container, '--label', `entrypoint.service_name=${name}`, image, 'run');
  try {
    await eventually(
      10,
      async () => run('docker', ['exec', container, 'start-as-webuser', 'health-check']).code === 0,
      Boolean,
    );
    const uids = docker('top', container, '-o', 'pid,uid')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/)[1]);
    assert.deepEqual([...new Set(uids)], ['10001']);
    docker('stop', container);
    assert.equal(docker('inspect', '--format', '{{.State.ExitCode}}', container).trim(), '0');
  } finally {
    run('docker', ['rm', '--force', container]);
  }
});

/** The kernel's data on the service's process after its first answer: parent, files, signals, threads and memory. */
async function serviceProcess(...words: readonly string[]): Promise<{facts: string; kilobytes: number}> {
  const container = `${name}.inspected`;
  docker('run', '--detach', '--name', container, '--label', `entrypoint.service_name=${name}`, ...words);
  try {
    await eventually(
      10,
      async () => run('docker', ['exec', container, 'start-as-webuser', '--exec', 'health-check']).code === 0,
      Boolean,
    );
    const script = `
      pid=$(cat /proc/1/task/1/children); set -- $pid; echo "children of pid 1: $#"; cd /proc/$1
      grep -E '^(PPid|SigBlk|SigIgn|Threads):' status; ls fd | wc -l; for fd in 0 1 2; do grep flags fdinfo/$fd; done
      awk '/^VmRSS/ {print "rss", $2}' status`;
    const shown = docker('exec', container, 'sh', '-c', script);
    return {facts: shown.replace(/^rss.*$/m, ''), kilobytes: Number(/^rss (\d+)$/m.exec(shown)?.[1])};
  } finally {
    run('docker', ['rm', '--force', container]);
  }
}

test('the command leaves nothing behind when it becomes the service: no process, file, signal handler or memory', async () => {
  const serve =
    run('docker', ['run', '--rm', image, '--dry-run', 'run'])
      .stdout.split('\n')
      .find((line) => line.startsWith('exec ')) ?? '';
  const direct = await serviceProcess('--entrypoint', 'start-as-webuser', image, 'tini', '--', 'sh', '-c', serve);
  const ours = await serviceProcess(image, 'run');
  assert.match(ours.facts, /^children of pid 1: 1\n[^]*PPid:\t1\n/);
  assert.equal(ours.facts, direct.facts);
  assert.ok(
    ours.kilobytes < direct.kilobytes * 1.1,
    `${ours.kilobytes} kB, without the command ${direct.kilobytes} kB`,
  );
});

function printedConfig(...limits: string[]): string {
  return run('docker', ['run', '--rm', ...limits, image, 'run', '--print-config']).stdout.replaceAll(/ +/g, ' ');
}

test('the number of workers follows the CPUs and the memory of the container', () => {
  assert.match(
    printedConfig('--cpus', '1', '--memory', '384m'),
    /^workers 1 default: 1 CPU, 288 MiB, [^]*^max-heap 288 /m,
  );
  assert.match(printedConfig('--memory', '128m'), /^workers 1 [^]*^max-heap 96 /m);
});

test('the image deploys itself, reads its status, rolls back and removes itself', () => {
  assert.match(
    inside('deploy', 'local'),
    new RegExp(`^${name} release 1 serves at http://127\\.0\\.0\\.1:\\d+ {2}sha256:`),
  );
  assert.match(inside('deploy', 'local'), /release 2 serves/);
  assert.match(inside('rollback', 'local'), /release 1 serves again/);
  // Both sides see each other's deploys: all state is in the engine.
  const outside = JSON.parse(must(entrypoint, '--quiet', '--json', 'status')) as {
    release: number;
    previous: number;
    address: string;
  };
  assert.deepEqual([outside.release, outside.previous], [1, 2]);
  assert.equal(must('curl', '--silent', `${outside.address}/`), 'tiny\n');
  assert.match(inside('remove', 'local'), /^removed 3 containers/);
  assert.deepEqual(leftovers(), []);
});

test('a machine with only Docker builds the same image with entrypoint/builder', () => {
  const built = JSON.parse(
    docker(
      'run',
      '--rm',
      '--volume',
      '/var/run/docker.sock:/var/run/docker.sock',
      '--volume',
      `${directory}:/content`,
      'entrypoint/builder:26',
      '--quiet',
      '--json',
      'build',
    ),
  ) as {image: string; digest: string};
  assert.equal(built.image, image);
  assert.equal(docker('inspect', '--format', '{{.Id}}', image).trim(), built.digest);
});

test('a task that needs the engine names the missing mount of its socket', () => {
  const {code, stderr} = run('docker', ['run', '--rm', image, 'deploy', 'local']);
  assert.equal(code, 69);
  assert.match(
    stderr,
    /entrypoint: the Docker engine does not answer[^]*in a container: -v \/var\/run\/docker\.sock:\/var\/run\/docker\.sock\n$/,
  );
});
