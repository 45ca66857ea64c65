import assert from 'node:assert/strict';
import {request} from 'node:http';
import {after, before, test} from 'node:test';
import {entrypoint, makeTiny} from './tiny.ts';

const [shop, api] = [makeTiny(), makeTiny()];
const balancer = `entrypoint.balancer.${shop.name}`;
const place = (routes: string, more = ''): string => `load_balancer: {name: ${shop.name}, routes: [${routes}]${more}}`;
shop.describe(place('{host: shop.example.com}', ', maintenance_page: <h1>Back soon</h1>'));
api.describe(place('{host: shop.example.com, path: /readyz}'));

after(() => {
  shop.run('docker', ['rm', '--force', '--volumes', balancer]);
  for (const {run, name} of [shop, api]) run('docker', ['network', 'rm', `${name}.local`]);
});

/** The status and the body of an answer. */
function ask(path: string): Promise<{readonly status: number | undefined; readonly text: string}> {
  const port = Number(shop.must('docker', 'port', balancer, '8080/tcp').trim().split(':').at(-1));
  return new Promise((resolve, reject) => {
    request({port, path, agent: false, headers: {host: 'shop.example.com'}}, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (part) => (text += part))
        .once('end', () => resolve({status: response.statusCode, text}));
    })
      .once('error', reject)
      .end();
  });
}

/** The number of requests that the servers of a service got. */
function requestsOf(name: string): number {
  const counts = shop.must('docker', 'exec', balancer, 'lb', 'counts', `${name}.local`);
  return [...counts.matchAll(/ requests=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

before(() => {
  for (const {commit, must} of [shop, api]) {
    commit();
    must(entrypoint, 'build', 'deploy', 'local');
  }
});

test('two services on one balancer each get the requests of their routes', async () => {
  assert.equal(shop.must('docker', 'exec', balancer, 'lb', 'services').trim().split('\n').length, 2);
  const [before1, before2] = [requestsOf(shop.name), requestsOf(api.name)];
  for (const path of ['/', '/readyz', '/readyz']) assert.equal((await ask(path)).status, 200);
  assert.deepEqual([requestsOf(shop.name) - before1, requestsOf(api.name) - before2], [1, 2]);
});

test("a deploy and a rollback of one do not change the other's fragment", async () => {
  const fragment = (): string => shop.must('docker', 'exec', balancer, 'lb', 'fragment', `${api.name}.local`);
  const unchanged = fragment();
  shop.must(entrypoint, 'deploy', 'local');
  shop.must(entrypoint, 'rollback', 'local');
  assert.equal(fragment(), unchanged);
  assert.equal((await ask('/readyz')).status, 200);
});

test('a route that the other has is refused by the plan, with its line', () => {
  api.describe(place('{host: shop.example.com}'));
  const {code, stderr} = api.run(entrypoint, ['deploy', 'local', '--plan', '--no-build']);
  api.describe(place('{host: shop.example.com, path: /readyz}'));
  assert.equal(code, 69, stderr);
  assert.match(stderr, /deploy\.yaml:2: .*local has the same route on the balancer of this engine/);
  assert.match(stderr, /nothing has changed/);
});

test('maintenance of one answers its requests, and no others, with its page', async () => {
  assert.match(shop.must(entrypoint, 'maintenance', 'local', 'on'), /every request gets the maintenance page/);
  assert.deepEqual(await ask('/'), {status: 503, text: '<h1>Back soon</h1>'});
  assert.equal((await ask('/readyz')).status, 200);
  assert.match(shop.must(entrypoint, 'maintenance', 'local', 'off'), /serves again/);
  assert.equal((await ask('/')).status, 200);
  const {code, stderr} = shop.run(entrypoint, ['maintenance', 'local']);
  assert.equal(code, 64);
  assert.match(stderr, /maintenance needs STATE \(--state=on\|off\)/);
});

test('removing one leaves the other; the last one removes the balancer', async () => {
  shop.must(entrypoint, 'remove', 'local', '--volumes');
  assert.deepEqual(shop.leftovers(), []);
  assert.equal((await ask('/')).status, 404);
  assert.equal((await ask('/readyz')).status, 200);
  api.must(entrypoint, 'remove', 'local', '--volumes');
  assert.deepEqual(api.leftovers(), []);
  assert.equal(shop.must('docker', 'ps', '--all', '--quiet', '--filter', `name=^${balancer}$`), '');
});
