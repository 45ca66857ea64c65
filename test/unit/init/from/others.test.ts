import assert from 'node:assert/strict';
import {test} from 'node:test';
import {importAppJson} from '../../../../src/init/from/app-json.ts';
import {importKamal} from '../../../../src/init/from/kamal.ts';
import {written} from './written.ts';

test('app.json: variables, replicas and the release command; everything else is named', () => {
  const found = importAppJson(
    'app.json',
    `{
  "name": "shop",
  "env": {"SECRET_KEY": {"generator": "secret"}, "API_TOKEN": "t0", "WEB_MODE": "fast", "HINT": {"required": false}},
  "formation": {"web": {"quantity": 2, "size": "standard-1x"}, "worker": {"quantity": 1}},
  "scripts": {"postdeploy": "bin/seed", "pr-predestroy": "bin/end"},
  "addons": ["heroku-postgresql:mini"]
}`,
  );
  const {local} = written(found).environments;
  assert.ok(local !== undefined);
  assert.deepEqual(
    [local.environment, local.secrets, local.replicas, found.release],
    [{WEB_MODE: 'fast'}, {SECRET_KEY: {env: 'SECRET_KEY'}, API_TOKEN: {env: 'API_TOKEN'}}, 2, 'bin/seed'],
  );
  assert.deepEqual(
    found.left.map(({key, line}) => `${key}:${line}`),
    ['name:2', 'HINT:3', 'web.size:4', 'worker:4', 'pr-predestroy:5', 'heroku-postgresql:mini:6'],
  );
  assert.throws(() => importAppJson('app.json', '{'), {code: 'bad_import_file'});
});

test("a template in Kamal's deploy.yml is named, and not copied", () => {
  const found = importKamal(
    'config/deploy.yml',
    `
service: shop
servers:
  web: {hosts: [192.0.2.1], cmd: bin/web}
proxy: {app_port: 8000, healthcheck: {path: /up, interval: 5}}
env:
  clear: {A: <%= ENV["A"] %>, B: b}
volumes: ["cache_1:/cache:ro"]
`,
  );
  const {local} = written(found).environments;
  assert.deepEqual([local?.environment, local?.volumes], [{B: 'b'}, {'cache-1': '/cache'}]);
  assert.deepEqual(
    found.left.map(({key, line}) => `${key}:${line}`),
    ['env.clear.A:7', 'servers.web:4', 'servers.web.cmd:4', 'proxy.healthcheck.interval:5', 'volumes./cache:8'],
  );
});

test("Kamal's deploy.yml: port, health, variables, volumes; hosts and accessories with the line to write", () => {
  const found = importKamal(
    'config/deploy.yml',
    `
service: shop
image: acme/shop
servers:
  web: [192.0.2.1, 192.0.2.2]
  job: {hosts: [192.0.2.3], cmd: bin/jobs}
proxy: {ssl: true, host: shop.example.com, app_port: 8000, healthcheck: {path: /up}}
registry: {server: ghcr.io, username: acme, password: [KAMAL_REGISTRY_PASSWORD]}
env:
  clear: {DB_HOST: 192.0.2.2}
  secret: [SECRET_KEY, TOKEN:OTHER_TOKEN]
volumes: ["storage:/data/storage"]
accessories: {db: {image: mysql:8.0, host: 192.0.2.2}}
aliases: {console: app exec}
`,
  );
  const {service, port, health, registry, environments} = written(found);
  assert.deepEqual([service, port, health, registry], ['shop', 8000, '/up', 'ghcr.io/acme']);
  assert.deepEqual(environments['local']?.secrets, {SECRET_KEY: {env: 'SECRET_KEY'}, TOKEN: {env: 'OTHER_TOKEN'}});
  assert.deepEqual(environments['local'].volumes, {storage: '/data/storage'});
  assert.deepEqual(
    found.left.map(({key, line}) => `${key}:${line}`),
    [
      'servers.web:5',
      'servers.job:6',
      'proxy.host:7',
      'proxy.ssl:7',
      'registry.username:8',
      'registry.password:8',
      'accessories.db:13',
      'aliases:14',
    ],
  );
});
