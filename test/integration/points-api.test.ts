import assert from 'node:assert/strict';
import {cpSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {docker, must} from '../support/docker.ts';
import {long} from '../support/long.ts';
import {eventually} from '../support/until.ts';
import {addressOf} from './images/containers.ts';
import {makeServiceImage} from './images/service-image.ts';
import {startRepeatingLoad} from './repeating-load.ts';

// The one image of examples/points-api under each server that its README names. There is no database: these requests
// need none.

const {place, image, directory, build, write} = await makeServiceImage('python-service');
cpSync(join(import.meta.dirname, '../../examples/points-api'), directory, {
  recursive: true,
  filter: (path) => !/\/(\.venv|__pycache__|reports)$/.test(path),
});
// One that the example itself does not require.
write({
  Dockerfile: `FROM entrypoint/python-service:3.13
RUN --mount=type=secret,id=ca { [ ! -s /run/secrets/ca ] || export PIP_CERT=/run/secrets/ca; } && pip install --no-cache-dir granian==2.8.9
`,
});
const built = await build('c1');

const servers: readonly (readonly [variable: string, program: RegExp])[] = [
  ['ENTRYPOINT_RUN_WORKER_CLASS=sync', /gunicorn .*--worker-class sync .*points_api\.server:app/],
  ['ENTRYPOINT_RUN_WORKER_CLASS=gthread', /gunicorn .*--worker-class gthread .*points_api\.server:app/],
  [
    'ENTRYPOINT_RUN_WORKER_CLASS=uvicorn',
    /gunicorn .*--worker-class uvicorn_worker\.UvicornWorker .*points_api\.server:asgi_app/,
  ],
  ['ENTRYPOINT_RUN_APP_SERVER=uwsgi', /uwsgi .*--module points_api\.server:app/],
  ['ENTRYPOINT_RUN_APP_SERVER=granian', /granian --interface wsgi .*--blocking-threads 4 .*points_api\.server:app/],
];

/** A container with two workers of a server. */
const started = (name: string, variable: string, ...words: readonly string[]): Promise<string> =>
  place.start(name, [
    '--env',
    variable,
    '--env',
    'WEB_CONCURRENCY=2',
    '--env',
    'DATABASE_URL=postgresql://points@127.0.0.1:9/points',
    '--env',
    'DATABASE_PASSWORD=only-for-tests',
    '--env',
    'LOG_LEVEL=warning',
    image,
    'run',
    ...words,
  ]);

for (const [variable, program] of servers) {
  test(`${variable}: it serves the image, and a request in flight at SIGTERM is answered`, async () => {
    assert.equal(built.code, 0, built.output);
    const container = await started(variable.split('=').at(-1) ?? '', variable);
    const url = `http://${await addressOf(container)}:3000`;
    const statusOf = (path: string): Promise<number> =>
      fetch(url + path).then(
        ({status}) => status,
        () => 0,
      );
    await eventually(
      20,
      () => statusOf('/healthz'),
      (status) => status === 200,
    );
    assert.match(
      await must(['exec', container, 'sh', '-c', 'for p in /proc/[0-9]*/cmdline; do tr "\\0" " " <$p; echo; done']),
      program,
    );
    const slow = statusOf('/slow?ms=1500');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await must(['stop', '--time', '10', container]);
    assert.equal(await slow, 200);
    const ended = await must(['inspect', '--format', '{{.State.ExitCode}}', container]);
    assert.equal(ended, '0', (await docker(['logs', container])).stdout);
  });
}

// granian closes connections without a request at once, also where one is on its way. Behind the load balancer that is an
// empty answer, and safe methods are repeated.
test('100 reloads of granian: requests that are answered end, and one that is repeated is not lost', long, async () => {
  assert.equal(built.code, 0, built.output);
  const container = await started('reloads', 'ENTRYPOINT_RUN_APP_SERVER=granian', '--', '--respawn-interval', '2');
  const url = `http://${await addressOf(container)}:3000`;
  await eventually(
    20,
    () =>
      fetch(`${url}/healthz`).then(
        ({status}) => status,
        () => 0,
      ),
    (status) => status === 200,
  );
  const load = startRepeatingLoad(url, ['/healthz', '/healthz', '/healthz', '/slow?ms=500']);
  for (let reload = 1; reload <= 100; reload += 1) {
    await must(['kill', '--signal', 'HUP', container]);
    await eventually(
      30,
      async () => (await docker(['logs', container])).stdout.split('Stopped old worker-2').length - 1,
      (count) => count === reload,
    );
  }
  const {answered, lost} = await load.stop();
  assert.ok(answered > 1000, `${answered} were answered`);
  assert.deepEqual(lost, []);
});
