import * as v from 'valibot';

// One file says where a service runs. docs/deploy.md shows every key; a test keeps the two together.

const name = v.pipe(
  v.string('must be a text'),
  v.regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, 'must be lower-case letters, digits and dashes, at most 40, and begin and end without a dash'),
);
const text = v.union([v.string(), v.number(), v.boolean()], 'must be a text, a number or true/false');
const variableName = v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'));
const environment = v.pipe(
  v.record(variableName, text, 'must be a map of variable names to values'),
  v.transform((values) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))),
);
const logOptions = v.pipe(
  v.record(v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]+$/, 'must be the name of an option of the log driver')), text, 'must be a map of options'),
  v.transform((values) => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]))),
);
const secret = v.union(
  [
    v.strictObject({env: variableName}),
    v.strictObject({file: v.string()}),
    v.strictObject({command: v.pipe(v.array(v.string()), v.minLength(1))}),
  ],
  'must say where the secret comes from: {env: NAME}, {file: path} or {command: [words]}',
);
const secrets = v.record(variableName, secret, 'must be a map of variable names to references');
const seconds = v.pipe(v.number('must be a number of seconds'), v.minValue(0, 'must not be negative'), v.maxValue(86_400, 'must be at most 86400 (a day)'));
const port = v.pipe(v.number('must be a port number'), v.integer('must be a whole number'), v.minValue(0, 'must be 0 to 65535'), v.maxValue(65_535, 'must be 0 to 65535'));
const count = v.pipe(v.number('must be a number'), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'), v.maxValue(50, 'must be at most 50'));
const words = v.pipe(v.array(v.string('must be a text'), 'must be a list of words'), v.minLength(1, 'must not be empty'));
const path = v.pipe(v.string('must be a text'), v.regex(/^\/[\w./~%+@:,=&?-]*$/, 'must be a path that begins with /'));
const tasks = v.array(v.string('must be the name of a task'), 'must be a list of task names');
const image = v.pipe(v.string('must be an image name'), v.regex(/^[^\s-]\S*$/, 'must be an image name'));

// A leading dash would be an option of ssh.
const host = v.pipe(v.string('must be a text'), v.regex(/^(?:[a-z_][a-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.:_-]*$/, 'must be local, or what ssh takes: a host, USER@HOST, or a Host of ~/.ssh/config'));

const overrides = v.strictObject({environment: v.optional(environment), secrets: v.optional(secrets)}, 'must be a map');

const backingService = v.strictObject({
  image,
  environment: v.optional(environment, {}),
  secrets: v.optional(secrets, {}),
  ready: words,
  ready_timeout_seconds: v.optional(seconds, 60),
  volumes: v.optional(v.record(name, path), {}),
  command: v.optional(words),
}, 'must be a map');

const around = {
  backing_services: v.optional(v.record(name, overrides, 'must be a map of backing services'), {}),
  before: v.optional(tasks, []),
  environment: v.optional(environment, {}),
  secrets: v.optional(secrets, {}),
};

const place = v.strictObject({
  ...around,
  hosts: v.pipe(
    v.optional(v.array(host, 'must be a list of hosts'), ['local']),
    v.minLength(1, 'must name at least one host: local, or what ssh takes, such as deploy@h1'),
    v.check((hosts) => new Set(hosts).size === hosts.length, 'must name each host once'),
    v.check((hosts) => hosts.length === 1 || !hosts.includes('local'), 'must be [local] alone, or hosts by ssh'),
  ),
  stage: v.optional(name),
  replicas: v.optional(count, 1),
  load_balancer: v.optional(
    v.strictObject({
      image: v.optional(image, 'entrypoint/haproxy:3.0'),
      address: v.optional(v.pipe(v.string(), v.ip('must be an IP address')), '127.0.0.1'),
      port: v.optional(port, 0),
    }, 'must be a map'),
    {},
  ),
  after: v.optional(tasks, []),
  ready_timeout_seconds: v.optional(seconds, 60),
  drain_timeout_seconds: v.optional(seconds, 30),
  stop_timeout_seconds: v.optional(seconds, 30),
  memory: v.optional(v.pipe(v.string('must be a text such as 256m'), v.regex(/^\d+[bkmg]$/i, 'must be a number with b, k, m or g, such as 256m'))),
  cpus: v.optional(v.pipe(v.number('must be a number'), v.minValue(0.01, 'must be at least 0.01'))),
  log: v.optional(v.strictObject({driver: v.string('must be a text'), options: v.optional(logOptions)}, 'must be a map')),
}, 'must be a map');

const reason = v.pipe(v.string('must be the reason, in words'), v.trim(), v.minLength(1, 'must be the reason, in words'));

export const deployFileSchema = v.strictObject({
  service: v.optional(name),
  registry: v.optional(v.pipe(v.string('must be a text'), v.regex(/^[A-Za-z0-9.-]+(:\d+)?(\/[a-z0-9._/-]+)?$/, 'must be host, host:port or host/path, without https://'))),
  port: v.optional(v.pipe(port, v.minValue(1, 'must be 1 to 65535')), 3000),
  health: v.optional(path, '/readyz'),
  backing_services: v.optional(v.record(name, backingService, 'must be a map of backing services'), {}),
  test_integration: v.optional(v.strictObject(around, 'must be a map'), {}),
  check: v.optional(
    v.strictObject({
      alive: v.optional(path, '/healthz'),
      slow_path: v.optional(path),
      skip: v.optional(v.record(name, reason, 'must be a map of rules to reasons'), {}),
    }, 'must be a map'),
    {},
  ),
  environments: v.optional(v.record(name, place, 'must be a map of environments'), {local: {}}),
}, 'must be a map of settings');

export type DeployFile = v.InferOutput<typeof deployFileSchema>;
export type Place = DeployFile['environments'][string];
export type BackingService = DeployFile['backing_services'][string];
/** What a deploy and an integration test have in common. */
export type Surroundings = DeployFile['test_integration'];
