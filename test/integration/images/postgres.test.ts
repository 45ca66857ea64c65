import assert from 'node:assert/strict';
import {test} from 'node:test';
import {docker, type Ended, must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {buildImages, makePlace} from './containers.ts';

buildImages('postgres');
const place = makePlace();
const image = 'entrypoint/postgres:17';
const volume = `${place.name}.data`;
const start = (name: string): Promise<string> =>
  place.start(name, [
    '--volume',
    `${volume}:/var/lib/postgresql/data`,
    '--env',
    'POSTGRES_USER=buy',
    '--env',
    'POSTGRES_DB=shop "1"',
    '--env',
    'POSTGRES_PASSWORD=only for tests',
    image,
  ]);
const ready = (container: string): Promise<unknown> =>
  eventually(
    20,
    () => docker(['exec', container, 'pg_isready', '--quiet', '--host=127.0.0.1', '--username=buy']),
    ({code}) => code === 0,
  );
const query = (container: string, sql: string): Promise<string> =>
  must([
    'exec',
    container,
    'psql',
    '--username=buy',
    '--dbname=shop "1"',
    '--no-align',
    '--tuples-only',
    '--command',
    sql,
  ]);
const overNetwork = (server: string, password: string): Promise<Ended> =>
  docker([
    'run',
    '--rm',
    '--network',
    place.name,
    '--env',
    `PGPASSWORD=${password}`,
    '--entrypoint',
    'psql',
    image,
    '--host',
    server,
    '--username=buy',
    '--dbname=shop "1"',
    '--no-align',
    '--tuples-only',
    '--command',
    'select 1',
  ]);

test('without a password no database is created, and the message says how to set one', async () => {
  const {code, stderr} = await docker(['run', '--rm', '--network', 'none', image]);
  assert.equal(code, 78);
  assert.equal(
    stderr,
    'postgres: no password set for the new database\nfix: set POSTGRES_PASSWORD, or POSTGRES_PASSWORD_FILE to the path of a file that contains it',
  );
});

test('a first start that is killed half-way is resumed by the next one', async () => {
  for (const milliseconds of [150, 400, 700, 1000]) {
    const container = await start(`killed.${milliseconds}`);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await must(['kill', container]);
  }
  const container = await start('first');
  await ready(container);
  assert.equal(await query(container, 'create table t as select 7 as a; select a from t'), 'SELECT 1\n7');
  assert.equal(await must(['exec', container, 'id', '-u']), '999');
});

test('a TCP connection needs the password', async () => {
  const server = `${place.name}.first`;
  assert.deepEqual(await overNetwork(server, 'only for tests'), {code: 0, stdout: '1', stderr: ''});
  const {code, stderr} = await overNetwork(server, 'wrong');
  assert.equal(code, 2);
  assert.match(stderr, /password authentication failed/);
});

test('stops at once and cleanly while a client is busy, and keeps its data across a restart and a new container', async () => {
  const container = `${place.name}.first`;
  await must([
    'exec',
    '--detach',
    container,
    'psql',
    '--username=buy',
    '--dbname=shop "1"',
    '--command',
    'select pg_sleep(100)',
  ]);
  const started = Date.now();
  await must(['restart', '--time', '8', container]);
  assert.ok(Date.now() - started < 6000);
  await ready(container);
  assert.equal(await query(container, 'select a from t'), '7');
  await must(['stop', '--time', '8', container]);
  assert.equal(await must(['inspect', '--format', '{{.State.ExitCode}}', container]), '0');
  assert.match((await docker(['logs', container])).stderr, /received fast shutdown request/);
  const second = await start('second');
  await ready(second);
  assert.match((await docker(['logs', second])).stderr, /database system was shut down at/);
  assert.equal(await query(second, 'select a from t'), '7');
});
