import * as v from 'valibot';
import {batchPattern} from './batch.ts';
import {loadBalancer} from './load-balancer-schema.ts';
import {host, image, name, path, port, seconds, secret, variableName} from './schema-values.ts';

// One file says where a service runs. docs/deploy.md shows every key; a test keeps the two together.

const text = v.union([v.string(), v.number(), v.boolean()], 'must be a text, a number or true/false');
const environment = v.pipe(
  v.record(variableName, text, 'must be a map of variable names to values'),
  v.transform((values) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))),
);
const logOptions = v.pipe(
  v.record(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]+$/, 'must be the name of an option of the log driver')),
    text,
    'must be a map of options',
  ),
  v.transform((values) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))),
);
const secrets = v.record(variableName, secret, 'must be a map of variable names to references');
const count = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be at least 1'),
  v.maxValue(50, 'must be at most 50'),
);
const words = v.pipe(
  v.array(v.string('must be a text'), 'must be a list of words'),
  v.minLength(1, 'must not be empty'),
);
const tasks = v.array(v.string('must be the name of a task'), 'must be a list of task names');

// A word, or a map where there is more to say of it.
const appHost = v.union(
  [
    v.pipe(
      host,
      v.transform((word) => ({host: word, address: undefined as string | undefined})),
    ),
    v.strictObject({
      host,
      address: v.optional(
        v.pipe(v.string('must be a text'), v.regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'must be an address or a name')),
      ),
    }),
  ],
  'must be local, or what ssh takes: a host, USER@HOST, or a Host of ~/.ssh/config; or {host, address}',
);
const batch = v.union(
  [v.pipe(v.number(), v.integer(), v.minValue(1)), v.pipe(v.string(), v.regex(batchPattern))],
  'must be all, a number of hosts, or a share of them such as 25%',
);
const labelName = v.pipe(
  v.string(),
  v.regex(
    /^(?!entrypoint\.)[A-Za-z0-9][A-Za-z0-9._/-]*$/,
    'must be the name of a label (those that begin with entrypoint. are our own)',
  ),
);
const labels = v.pipe(
  v.record(labelName, text, 'must be a map of labels'),
  v.transform((values) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))),
);

const overrides = v.strictObject({environment: v.optional(environment), secrets: v.optional(secrets)}, 'must be a map');

const backingService = v.strictObject(
  {
    image,
    environment: v.optional(environment, {}),
    secrets: v.optional(secrets, {}),
    ready: words,
    ready_timeout_seconds: v.optional(seconds, 60),
    volumes: v.optional(v.record(name, path), {}),
    command: v.optional(words),
  },
  'must be a map',
);

const around = {
  backing_services: v.optional(v.record(name, overrides, 'must be a map of backing services'), {}),
  before: v.optional(tasks, []),
  environment: v.optional(environment, {}),
  secrets: v.optional(secrets, {}),
};

const settings = v.strictObject(
  {
    ...around,
    hosts: v.pipe(
      v.optional(v.array(appHost, 'must be a list of hosts'), ['local']),
      v.minLength(1, 'must name at least one host: local, or what ssh takes, such as deploy@h1'),
      v.check(
        (hosts) => new Set(hosts.map((one) => one.host.replace(/^.*@/, ''))).size === hosts.length,
        'must name each host once',
      ),
      v.check(
        (hosts) => hosts.length === 1 || hosts.every((one) => one.host !== 'local'),
        'must be [local] alone, or hosts by ssh',
      ),
    ),
    stage: v.optional(name),
    replicas: v.optional(count, 1),
    load_balancer: v.optional(loadBalancer, {}),
    after: v.optional(tasks, []),
    batch: v.optional(batch, 'all'),
    parallel: v.optional(
      v.pipe(
        v.number('must be a number'),
        v.integer('must be a whole number'),
        v.minValue(1, 'must be at least 1'),
        v.maxValue(1000, 'must be at most 1000'),
      ),
      20,
    ),
    watch_seconds: v.optional(seconds),
    keep_releases: v.optional(count, 3),
    ready_timeout_seconds: v.optional(seconds, 60),
    drain_timeout_seconds: v.optional(seconds, 30),
    stop_timeout_seconds: v.optional(seconds, 30),
    memory: v.optional(
      v.pipe(
        v.string('must be a text such as 256m'),
        v.regex(/^\d+[bkmg]$/i, 'must be a number with b, k, m or g, such as 256m'),
      ),
    ),
    cpus: v.optional(v.pipe(v.number('must be a number'), v.minValue(0.01, 'must be at least 0.01'))),
    volumes: v.optional(v.record(name, path, 'must be a map of names to paths'), {}),
    labels: v.optional(labels, {}),
    network: v.optional(
      v.pipe(v.string('must be a text'), v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'must be the name of a network')),
    ),
    docker_options: v.optional(v.array(v.string('must be a text'), 'must be a list of words'), []),
    log: v.optional(
      v.strictObject({driver: v.string('must be a text'), options: v.optional(logOptions)}, 'must be a map'),
    ),
  },
  'must be a map',
);

const reason = v.pipe(
  v.string('must be the reason, in words'),
  v.trim(),
  v.minLength(1, 'must be the reason, in words'),
);

export const deployFileSchema = v.strictObject(
  {
    service: v.optional(name),
    registry: v.optional(
      v.pipe(
        v.string('must be a text'),
        v.regex(/^[A-Za-z0-9.-]+(:\d+)?(\/[a-z0-9._/-]+)?$/, 'must be host, host:port or host/path, without https://'),
      ),
    ),
    port: v.optional(v.pipe(port, v.minValue(1, 'must be 1 to 65535')), 3000),
    health: v.optional(path, '/readyz'),
    backing_services: v.optional(v.record(name, backingService, 'must be a map of backing services'), {}),
    test_integration: v.optional(v.strictObject(around, 'must be a map'), {}),
    check: v.optional(
      v.strictObject(
        {
          alive: v.optional(path, '/healthz'),
          slow_path: v.optional(path),
          skip: v.optional(v.record(name, reason, 'must be a map of rules to reasons'), {}),
        },
        'must be a map',
      ),
      {},
    ),
    environments: v.optional(v.record(name, settings, 'must be a map of environments'), {local: {}}),
  },
  'must be a map of settings',
);

export type DeployFile = v.InferOutput<typeof deployFileSchema>;
export type Environment = DeployFile['environments'][string];
export type BackingService = DeployFile['backing_services'][string];
/** What a deploy and an integration test have in common. */
export type Surroundings = DeployFile['test_integration'];
