import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {composeTable} from '../../../../scripts/docs/compose.ts';
import {
  buildKeys,
  deployKeys,
  type Fate,
  healthKeys,
  serviceKeys,
  topKeys,
} from '../../../../src/init/from/compose-keys.ts';
import {importCompose} from '../../../../src/init/from/compose.ts';
import type {Imported} from '../../../../src/init/from/imported.ts';
import {written} from './written.ts';

// The keys of https://github.com/compose-spec/compose-spec/blob/main/schema/compose-spec.json
const specification: Readonly<Record<string, readonly [keys: string, known: Readonly<Record<string, Fate>>]>> = {
  top: ['version name include services models networks volumes secrets configs', topKeys],
  service: [
    'develop deploy annotations attach build blkio_config cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count cpu_percent cpu_shares cpu_quota cpu_period cpu_rt_period cpu_rt_runtime cpus cpuset credential_spec depends_on device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file label_file environment expose extends provider external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit network_mode models networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles pull_policy pull_refresh_after read_only restart runtime scale security_opt shm_size secrets sysctls stdin_open stop_grace_period stop_signal storage_opt tmpfs tty ulimits use_api_socket user uts userns_mode volumes volumes_from working_dir',
    serviceKeys,
  ],
  build: [
    'context dockerfile dockerfile_inline entitlements args ssh labels cache_from cache_to no_cache additional_contexts network pull target shm_size extra_hosts isolation privileged secrets tags ulimits platforms provenance sbom',
    buildKeys,
  ],
  healthcheck: ['disable interval retries test timeout start_period start_interval', healthKeys],
  deploy: [
    'mode endpoint_mode replicas labels rollback_config update_config resources restart_policy placement',
    deployKeys,
  ],
};

const compose = (text: string): Imported => importCompose('/shop', 'compose.yaml', text);
const keysOf = ({taken, left}: Imported): readonly string[] => [...taken, ...left].map(({key}) => key);

describe('compose.yaml', () => {
  for (const [place, [keys, known]] of Object.entries(specification)) {
    test(`every key of the specification has its fate: ${place}`, () => {
      assert.deepEqual(Object.keys(known).toSorted(), keys.split(' ').toSorted());
    });
  }

  test('every key is taken or named, with its line', () => {
    const values: Readonly<Record<string, string>> = {
      build: '.',
      ports: '["8080:80"]',
      healthcheck: '{test: ["CMD", "true"]}',
      deploy: '{replicas: 2}',
      environment: '{A: b}',
      logging: '{driver: local}',
      ulimits: '{nofile: 10}',
      volumes: '["data:/data"]',
    };
    const lines = Object.keys(serviceKeys).map((key) => `    ${key}: ${values[key] ?? '["1"]'}`);
    const found = compose(`services:\n  web:\n${lines.join('\n')}\n`);
    for (const [index, key] of Object.keys(serviceKeys).entries()) {
      const all = [...found.taken, ...found.left].filter((one) => `${one.key}.`.startsWith(`services.web.${key}.`));
      assert.ok(all.length > 0, key);
      assert.deepEqual([...new Set(all.map(({line}) => line))], [index + 3], key);
    }
    assert.ok(keysOf(compose('services: {web: {build: ., nonsense: 1}}')).includes('services.web.nonsense'));
  });

  test('a service with its database becomes a deploy.yaml that holds', () => {
    const found = compose(`
services:
  web:
    build: {context: ., args: {FLAVOUR: small}}
    ports: ["\${PORT:-8080}:8000", "9000:9000"]
    environment:
      DATABASE_URL: postgres://shop:\${DB_PASSWORD}@db/shop
      LOG_LEVEL: info
      MODE: \${MODE:-production}
      REGION: \${REGION}
    depends_on: {db: {condition: service_healthy}}
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:8000/health"], interval: 5s}
    volumes: ["uploads:/data/uploads", "./config:/etc/shop:ro"]
    deploy: {replicas: 3, resources: {limits: {memory: 512M, cpus: '0.5'}}}
    stop_grace_period: 1m30s
    cap_drop: [ALL]
  db:
    image: postgres:17
    environment: {POSTGRES_PASSWORD: '\${DB_PASSWORD}', POSTGRES_DB: shop}
    volumes: ["data:/var/lib/postgresql/data"]
    restart: always
  worker: {build: ./worker}
volumes: {data: {}, uploads: {}}
`);
    const {port, health, image, backing_services: backing, environments} = written(found);
    const {local} = environments;
    assert.ok(local !== undefined && typeof health === 'object');
    assert.deepEqual([port, health.path, image.args], [8000, '/health', {FLAVOUR: 'small'}]);
    assert.deepEqual(local.environment, {LOG_LEVEL: 'info', MODE: 'production'});
    assert.deepEqual(local.secrets, {DATABASE_URL: {env: 'DATABASE_URL'}});
    assert.deepEqual(
      [local.replicas, local.memory, local.cpus, local.stop_timeout_seconds, local.load_balancer.port],
      [3, '512m', 0.5, 90, 8080],
    );
    assert.deepEqual(local.volumes, {uploads: '/data/uploads'});
    assert.deepEqual(local.docker_options, ['--volume', './config:/etc/shop:ro', '--cap-drop', 'ALL']);
    assert.deepEqual(backing['db']?.secrets, {POSTGRES_PASSWORD: {env: 'DB_PASSWORD'}});
    assert.deepEqual(backing['db'].ready, ['pg_isready', '--quiet', '--host', 'localhost']);
    assert.deepEqual(backing['db'].volumes, {data: '/var/lib/postgresql/data'});
    assert.deepEqual(
      found.left.map(({key}) => key),
      [
        'services.web.ports.9000',
        'services.web.environment.REGION',
        'services.web.healthcheck.interval',
        'services.db.restart',
        'services.worker',
      ],
    );
  });

  test('variables have their defaults, and what only the shell knows is named', () => {
    const found = compose(`
services:
  web:
    build: .
    ports: ["127.0.0.1:\${PORT:-8080}:8000"]
    environment: {URL: "http://\${HOST:-db}:\${DB_PORT:-\${OTHER:-5432}}/x", PRICE: "5$$", WHERE: "a/\${B}"}
    mem_limit: \${MEMORY}
    labels: {plain: "1", open: null}
  db: {image: "postgres:\${TAG:-17}"}
`);
    const {local} = written({...found, local: found.local.filter((line) => !line.startsWith('memory'))}).environments;
    assert.deepEqual(local?.environment, {URL: 'http://db:5432/x', PRICE: '5$'});
    assert.deepEqual(local.labels, {plain: '1', open: ''});
    assert.deepEqual([local.load_balancer.address, local.load_balancer.port], ['127.0.0.1', 8080]);
    assert.ok(found.top.includes('    image: "postgres:17"'));
    assert.deepEqual(
      found.left.map(({key, line}) => `${key}:${line}`),
      ['services.web.mem_limit:7', 'services.web.environment.WHERE:6'],
    );
  });

  test('what a long form or a development file says besides is named', () => {
    const found = compose(`
services:
  web:
    build: .
    expose: [9000, 3000]
    ports: [{target: 3000, published: 80, mode: host}, "53:53/udp", "8000-8010:8000-8010"]
    volumes:
      - .:/app
      - /app/node_modules
      - my_data:/data:ro
      - {type: bind, source: ./conf, target: /conf, bind: {create_host_path: true}}
      - ~/cache:/cache
    depends_on: {migrate: {condition: service_completed_successfully, restart: true}}
    healthcheck: {test: "test $$HOME = /root"}
    gpus: [{driver: nvidia}]
  my_cache: {image: redis, volumes: [./redis.conf:/etc/redis.conf, /data]}
  admin: {image: adminer, profiles: [tools]}
  base: {extends: {service: web}}
`);
    const {environments, health, backing_services: backing} = written(found);
    assert.deepEqual(
      [
        environments['local']?.volumes,
        environments['local']?.docker_options,
        environments['local']?.load_balancer.port,
      ],
      [{'my-data': '/data'}, ['--volume', './conf:/conf'], 80],
    );
    assert.deepEqual(typeof health === 'object' && health.command, ['sh', '-c', 'test $HOME = /root']);
    assert.deepEqual(Object.keys(backing), ['my-cache']);
    assert.deepEqual(
      found.left.map(({key}) => key.replace(/^services\./, '')),
      [
        'web.ports.0.mode',
        'web.ports.53:53/udp',
        'web.ports.8000-8010:8000-8010',
        'web.volumes./app',
        'web.volumes./app/node_modules',
        'web.volumes./data',
        'web.volumes.3.bind',
        'web.volumes./cache',
        'web.depends_on.migrate.condition',
        'web.depends_on.migrate.restart',
        'web.gpus',
        'web.expose.9000',
        'my_cache.volumes./etc/redis.conf',
        'my_cache.volumes./data',
        'admin',
        'base',
      ],
    );
  });

  test('of several services that are built here, the one with ports is taken; a file without one has backing services', () => {
    const found = compose(`
services:
  web: {build: ., ports: ["8000:8000"]}
  worker: {build: {context: .}, command: celery}
  front: {build: ./front}
`);
    assert.equal(written(found).port, 8000);
    assert.match(
      found.left.map(({key, reason}) => `${key}: ${reason}`).join('\n'),
      /^services\.worker: a deploy runs one process.*\nservices\.front: it is built as well/,
    );
    const databases = compose('services: {db: {image: "postgres:17"}, cache: {image: redis}}\n');
    assert.deepEqual(Object.keys(written(databases).backing_services), ['db', 'cache']);
  });

  test('what a declaration of a volume or a health check of a backing service says besides is named', () => {
    const found = compose(`
services:
  web: {build: ., volumes: ["data:/data"], secrets: [token]}
  db: {image: postgres, healthcheck: {test: [CMD, pg_isready], interval: 5s, retries: 3}}
volumes: {data: {external: true, name: old}, other: {}}
secrets: {token: {file: ./token, labels: {a: b}}}
`);
    assert.deepEqual(
      found.left.map(({key, line}) => `${key}:${line}`),
      [
        'volumes.data.external:5',
        'volumes.data.name:5',
        'secrets.token.labels:6',
        'services.db.healthcheck.interval:4',
        'services.db.healthcheck.retries:4',
      ],
    );
  });

  test('what cannot be read, or is not one service, is one line', () => {
    assert.throws(() => compose('services:\n\tweb: {}\n'), {code: 'bad_import_file', message: /^compose\.yaml:2: /});
    assert.throws(() => compose('a: 1\n'), {message: 'compose.yaml has no services'});
    assert.throws(() => compose('services: {db: {image: postgres, profiles: [x]}}\n'), {
      message: 'compose.yaml has no service for this directory',
    });
    assert.throws(() => compose('services: {a: {build: .}, b: {build: .}}\n'), {
      message: 'compose.yaml builds 2 services here: a, b',
    });
    assert.throws(() => compose('services: {a: {build: a}, b: {build: b}}\n'), {
      message: 'compose.yaml builds 2 services: a, b',
    });
  });

  test('the table of the manual has a row for every key', () => {
    const rows = composeTable().split('\n');
    assert.ok(rows.includes('| `services.*.cap_add` | `--cap-add` of `docker_options` |'));
    for (const key of Object.keys(serviceKeys))
      assert.ok(rows.some((row) => row.startsWith(`| \`services.*.${key}\` |`)));
  });
});
