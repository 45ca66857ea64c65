import * as v from 'valibot';
import {health} from './health.ts';
import {buildFiles, imageBuild} from './image.ts';
import {loadBalancer} from './load-balancer.ts';
import {log} from './log.ts';
import {batch, cpus, hosts, memory, network, parallel} from './placement.ts';
import {registryName, registryRule, wrongRegistry} from './registry-name.ts';
import {
  described,
  image,
  mountPoint,
  name,
  path,
  port,
  seconds,
  secret,
  secretName,
  section,
  string,
  strings,
  variableName,
  wholeSeconds,
} from './values.ts';

// The schema of deploy.yaml. docs/deploy.md shows every key, and docs/deploy.schema.json is generated from this file
// (scripts/schema.ts); tests keep the three equal.

const environment = strings(variableName, 'must be a map of variable names to values', 'Environment variables.');
const labels = strings(
  v.pipe(
    v.string(),
    v.regex(
      /^(?!entrypoint\.)[A-Za-z0-9][A-Za-z0-9._/-]*$/,
      'must be the name of a label (names that begin with entrypoint. are reserved)',
    ),
  ),
  'must be a map of labels',
  'Labels of the containers.',
);
const secrets = described(
  v.record(secretName, secret, 'must be a map of variable names to references'),
  'Environment variables whose values are secrets: {env: NAME}, {file: path} or {command: [words]}.',
);
const count = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be at least 1'),
  v.maxValue(50, 'must be at most 50'),
);
const words = v.pipe(v.array(string, 'must be a list of words'), v.minLength(1, 'must not be empty'));
// Part of the name of its container.
const tasks = v.array(
  v.pipe(
    v.string('must be the name of a task'),
    v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'must be the name of a task, such as migrate, without arguments'),
  ),
  'must be a list of task names',
);
const volumes = v.pipe(
  v.record(name, mountPoint, 'must be a map of names to paths'),
  v.check((all) => new Set(Object.values(all)).size === Object.keys(all).length, 'must mount each path once'),
);

// The stack's own containers have these names (stack/names.ts), on the same network.
const backingName = v.pipe(
  name,
  v.regex(
    /^(?!(?:balancer|lock|log|log-check)$)/,
    'must not be balancer, lock, log or log-check: the stack has containers of these names',
  ),
  v.regex(/^(?!localhost$)/, 'must not be localhost, which is the name of each container for itself'),
);

const registry = v.pipe(
  string,
  v.check(
    (text) => wrongRegistry(text) === undefined,
    ({input}) => wrongRegistry(input) ?? registryRule,
  ),
  // Before the transform, where the JSON Schema ends.
  v.description('Where images are published: host, host:port or host/path; for Docker Hub, docker.io/ACCOUNT.'),
  v.transform(registryName),
);
const reason = v.pipe(
  v.string('must be text that gives the reason'),
  v.trim(),
  v.minLength(1, 'must be text that gives the reason'),
);

const overrides = section({environment: v.optional(environment), secrets: v.optional(secrets)});

const backingService = section({
  image: described(image, 'Image to run.'),
  environment: v.optional(environment, {}),
  secrets: v.optional(secrets, {}),
  ready: described(words, 'Command that is run in the container until it exits 0.'),
  ready_timeout_seconds: v.optional(described(wholeSeconds, 'How long `ready` can take to succeed.'), 60),
  volumes: v.optional(described(volumes, 'Named volumes, where it is deployed. Integration tests keep no data.'), {}),
  command: v.optional(described(words, "Command of the container. Default: the image's.")),
});

/** What an environment and the stack of the integration tests have in common. */
const stackSettings = {
  backing_services: v.optional(
    described(
      v.record(backingName, overrides, 'must be a map of backing services'),
      'Backing services to start, with variables and secrets added to their declaration.',
    ),
    {},
  ),
  before: v.optional(described(tasks, 'Tasks to run in the image before the service starts.'), []),
  environment: v.optional(environment, {}),
  secrets: v.optional(secrets, {}),
};

const environmentSettings = section({
  ...stackSettings,
  hosts,
  stage: v.optional(described(name, 'Tag in the registry to deploy. Default: the image of this commit.')),
  replicas: v.optional(described(count, 'Replicas on each host.'), 1),
  load_balancer: v.optional(
    described(loadBalancer, 'The HAProxy in front of the replicas (docs/load-balancer.md).'),
    {},
  ),
  after: v.optional(described(tasks, 'Tasks to run after the switch. A failure rolls back.'), []),
  batch: v.optional(described(batch, 'Hosts to change at a time: a number, a percentage, or all.'), 'all'),
  parallel: v.optional(described(parallel, 'Hosts to work on at a time.'), 20),
  watch_seconds: v.optional(
    described(seconds, 'How long releases are compared after the switch. Default: 5, on [local] 0.'),
  ),
  keep_releases: v.optional(
    described(count, 'Releases whose containers and images stay on the hosts, including the active one.'),
    3,
  ),
  ready_timeout_seconds: v.optional(described(wholeSeconds, 'How long a replica can take to become healthy.'), 60),
  drain_timeout_seconds: v.optional(
    described(wholeSeconds, 'How long the old release can take to finish its requests.'),
    30,
  ),
  stop_timeout_seconds: v.optional(described(wholeSeconds, 'From SIGTERM to SIGKILL.'), 30),
  memory: v.optional(described(memory, 'Memory limit of a replica, such as 256m. Default: none.')),
  cpus: v.optional(described(cpus, 'CPU limit of a replica. Default: none.')),
  volumes: v.optional(described(volumes, 'Named volumes on each host.'), {}),
  labels: v.optional(labels, {}),
  network: v.optional(described(network, "Existing network to join. Default: the environment's own.")),
  docker_options: v.optional(
    described(v.array(string, 'must be a list of words'), 'Further words for `docker run`.'),
    [],
  ),
  log: v.optional(described(log, "Docker's log driver (docs/log-drivers.md). Default: the engine's.")),
});

export const deployFileSchema = section({
  service: v.optional(described(name, "Name of the service. Default: the manifest's, or the directory's.")),
  registry: v.optional(registry),
  registry_login: v.optional(
    described(
      section({
        user: described(v.pipe(string, v.regex(/^[^:\s]+$/, 'must be a user name')), 'Name to log in with.'),
        password: described(secret, 'Password or token, as a reference. A command can fetch one that expires.'),
      }),
      'Login with which deploys pull, on every host. Default: that of docker on the host, by `docker login`.',
    ),
  ),
  port: v.optional(
    described(v.pipe(port, v.minValue(1, 'must be 1 to 65535')), 'Port the service listens on in its container.'),
    3000,
  ),
  health: v.optional(
    described(health, 'How a replica shows that it can take traffic: a path that answers 200, or a map.'),
    '/readyz',
  ),
  build: v.optional(buildFiles, {}),
  image: v.optional(imageBuild, {}),
  backing_services: v.optional(
    described(
      v.record(backingName, backingService, 'must be a map of backing services'),
      'Services such as databases, each reachable by its name on a private network.',
    ),
    {},
  ),
  test_integration: v.optional(described(section(stackSettings), 'The stack of the integration tests.'), {}),
  check: v.optional(
    described(
      section({
        alive: v.optional(described(path, 'Path that answers 200 while the process is alive.'), '/healthz'),
        start_timeout_seconds: v.optional(
          described(seconds, 'How long the service can take to start. Default: the longest ready_timeout_seconds.'),
        ),
        slow_path: v.optional(
          described(path, 'Path that takes two seconds to answer. Default: a request sent in two halves.'),
        ),
        skip: v.optional(
          described(
            v.record(name, reason, 'must be a map of rules to reasons'),
            'Rules to skip, each with the reason.',
          ),
          {},
        ),
      }),
      'The container contract (docs/contract.md).',
    ),
    {},
  ),
  environments: v.optional(
    described(
      v.record(name, environmentSettings, 'must be a map of environments'),
      'Where the service is deployed. Default: `local`.',
    ),
    {local: {}},
  ),
});

/** The content of deploy.yaml, with every default filled in. docs/deploy.md describes its keys. */
export type DeployFile = v.InferOutput<typeof deployFileSchema>;
/** The settings of one environment in deploy.yaml, with every default filled in. */
export type Environment = DeployFile['environments'][string];
/** The declaration of a backing service in deploy.yaml, with every default filled in. */
export type BackingService = DeployFile['backing_services'][string];
/** The settings of the stack around an image: those of `test_integration`, which every environment has as well. */
export type StackSettings = DeployFile['test_integration'];
