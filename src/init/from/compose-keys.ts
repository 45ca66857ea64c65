/** What becomes of a key of a Compose file. */
export type Fate =
  /** The setting of deploy.yaml that takes it. */
  | {readonly as: string}
  /** The option of `docker run` that takes it, in `docker_options`. */
  | {readonly option: string}
  /** It is not taken. */
  | {readonly reason: string};

const swarm = 'it is for Docker Swarm';
const own = 'the image and its command are those of entrypoint';
const network =
  "containers of an environment share a network of their own, and reach each other by the services' names";
const windows = 'it is for Windows';
const fixed = 'a new release starts beside the old one, which has it';

/** Keys at the top of a Compose file. */
export const topKeys: Readonly<Record<string, Fate>> = {
  version: {reason: 'Compose itself ignores it'},
  name: {reason: 'the service has its own name: `service` in deploy.yaml'},
  include: {reason: 'only one file is read: merge them with `docker compose config`'},
  services: {as: 'the service and its `backing_services`'},
  models: {reason: 'no setting runs a language model'},
  networks: {reason: network},
  volumes: {as: '`volumes`: each by its name'},
  secrets: {as: '`secrets`, where the service names them'},
  configs: {reason: 'configuration is in the image, or in `environment`'},
};

/** Keys of the service. `backing_services` take the keys of {@link backingKeys}. */
export const serviceKeys: Readonly<Record<string, Fate>> = {
  annotations: {option: '--annotation'},
  attach: {reason: 'replicas run in the background'},
  blkio_config: {reason: 'write it as docker_options: --blkio-weight, --device-read-bps, ...'},
  build: {as: '`image`'},
  cap_add: {option: '--cap-add'},
  cap_drop: {option: '--cap-drop'},
  cgroup: {option: '--cgroupns'},
  cgroup_parent: {option: '--cgroup-parent'},
  command: {reason: `${own}: \`run\`. A module is named by [tool.entrypoint] or \`main\``},
  configs: {reason: 'configuration is in the image, or in `environment`'},
  container_name: {reason: 'each replica has a name of its own'},
  cpu_count: {option: '--cpu-count'},
  cpu_percent: {option: '--cpu-percent'},
  cpu_period: {option: '--cpu-period'},
  cpu_quota: {option: '--cpu-quota'},
  cpu_rt_period: {option: '--cpu-rt-period'},
  cpu_rt_runtime: {option: '--cpu-rt-runtime'},
  cpu_shares: {option: '--cpu-shares'},
  cpus: {as: '`cpus`'},
  cpuset: {option: '--cpuset-cpus'},
  credential_spec: {reason: windows},
  depends_on: {as: '`backing_services`: the service starts when all are ready'},
  deploy: {as: '`replicas`, `memory`, `cpus`, `labels`'},
  develop: {reason: 'a laptop runs `entrypoint run`, which reloads'},
  device_cgroup_rules: {option: '--device-cgroup-rule'},
  devices: {option: '--device'},
  dns: {option: '--dns'},
  dns_opt: {option: '--dns-option'},
  dns_search: {option: '--dns-search'},
  domainname: {option: '--domainname'},
  entrypoint: {reason: own},
  env_file: {as: '`docker_options`: --env-file'},
  environment: {as: '`environment`; a variable with the name of a secret becomes one of `secrets`'},
  expose: {as: '`port`'},
  extends: {reason: 'only one file is read: merge them with `docker compose config`'},
  external_links: {reason: 'join the other network: `network`'},
  extra_hosts: {option: '--add-host'},
  gpus: {option: '--gpus'},
  group_add: {option: '--group-add'},
  healthcheck: {as: '`health`, `ready_timeout_seconds`'},
  hostname: {option: '--hostname'},
  image: {reason: 'build names the image, and `registry` where it is published'},
  init: {reason: 'the image has an init of its own'},
  ipc: {option: '--ipc'},
  isolation: {reason: windows},
  label_file: {option: '--label-file'},
  labels: {as: '`labels`'},
  links: {reason: network},
  logging: {as: '`log`'},
  mac_address: {reason: fixed},
  mem_limit: {as: '`memory`'},
  mem_reservation: {option: '--memory-reservation'},
  mem_swappiness: {option: '--memory-swappiness'},
  memswap_limit: {option: '--memory-swap'},
  models: {reason: 'no setting runs a language model'},
  network_mode: {reason: network},
  networks: {reason: network},
  oom_kill_disable: {option: '--oom-kill-disable'},
  oom_score_adj: {option: '--oom-score-adj'},
  pid: {option: '--pid'},
  pids_limit: {option: '--pids-limit'},
  platform: {option: '--platform'},
  ports: {as: '`port`, `load_balancer.port`'},
  post_start: {reason: 'a task of tasks.ts can run after the switch: `after`'},
  pre_stop: {reason: 'the server drains at SIGTERM'},
  privileged: {option: '--privileged'},
  profiles: {reason: 'a service of a profile does not start by itself, and is no backing service'},
  provider: {reason: 'no setting starts something that is no container'},
  pull_policy: {reason: 'a deploy pulls what is missing, by digest'},
  pull_refresh_after: {reason: 'a deploy pulls what is missing, by digest'},
  read_only: {option: '--read-only'},
  restart: {reason: 'replicas start again with the engine'},
  runtime: {option: '--runtime'},
  scale: {as: '`replicas`'},
  secrets: {as: '`secrets`: a variable with the content'},
  security_opt: {option: '--security-opt'},
  shm_size: {option: '--shm-size'},
  stdin_open: {option: '--interactive'},
  stop_grace_period: {as: '`stop_timeout_seconds`'},
  stop_signal: {reason: 'the server drains at SIGTERM'},
  storage_opt: {option: '--storage-opt'},
  sysctls: {option: '--sysctl'},
  tmpfs: {option: '--tmpfs'},
  tty: {option: '--tty'},
  ulimits: {option: '--ulimit'},
  use_api_socket: {reason: 'a service that controls its engine can do anything on the host'},
  user: {reason: 'the image starts as webuser (10001)'},
  userns_mode: {option: '--userns'},
  uts: {option: '--uts'},
  volumes: {as: '`volumes`; a directory of the host as --volume of `docker_options`'},
  volumes_from: {reason: 'name the same volume twice'},
  working_dir: {reason: own},
};

export const buildKeys: Readonly<Record<string, Fate>> = {
  additional_contexts: {reason: '`image.paths` adds directories of the repository'},
  args: {as: '`image.args`'},
  cache_from: {reason: 'the engine keeps its cache'},
  cache_to: {reason: 'the engine keeps its cache'},
  context: {as: 'the directory in which init runs'},
  dockerfile: {reason: 'init writes a Dockerfile of its own: `image.dockerfile` names another one'},
  dockerfile_inline: {reason: 'init writes a Dockerfile of its own'},
  entitlements: {reason: 'a build has no privileges'},
  extra_hosts: {reason: 'a build uses the names of its engine'},
  isolation: {reason: windows},
  labels: {reason: 'build labels the image with its service and commit'},
  network: {reason: 'a build uses the network of its engine'},
  no_cache: {reason: 'entrypoint build --no-cache'},
  platforms: {reason: 'entrypoint build --platform=linux/amd64,linux/arm64'},
  privileged: {reason: 'a build has no privileges'},
  provenance: {reason: 'build writes no attestations'},
  pull: {reason: 'a build uses the base images that its engine has'},
  sbom: {reason: 'build writes no attestations'},
  secrets: {reason: 'entrypoint build --secret ID=FILE'},
  shm_size: {reason: 'a build has the limits of its engine'},
  ssh: {reason: 'dependencies from git are fetched over https'},
  tags: {reason: 'the tag is the commit'},
  target: {reason: 'init writes a Dockerfile of its own'},
  ulimits: {reason: 'a build has the limits of its engine'},
};

export const healthKeys: Readonly<Record<string, Fate>> = {
  disable: {as: '`health: {tcp: true}`'},
  interval: {reason: 'the load balancer asks every second'},
  retries: {reason: 'the load balancer decides by its own counts'},
  start_interval: {reason: 'a deploy asks until `ready_timeout_seconds`'},
  start_period: {as: '`ready_timeout_seconds`'},
  test: {as: '`health`: its path if it is a request, else its command'},
  timeout: {reason: 'the load balancer has its own limit'},
};

export const deployKeys: Readonly<Record<string, Fate>> = {
  endpoint_mode: {reason: swarm},
  labels: {as: '`labels`'},
  mode: {reason: swarm},
  placement: {reason: swarm},
  replicas: {as: '`replicas`'},
  resources: {as: '`memory`, `cpus`: the limits'},
  restart_policy: {reason: 'replicas start again with the engine'},
  rollback_config: {reason: 'a deploy that fails is undone'},
  update_config: {reason: '`batch` in deploy.yaml'},
};

/** Keys of the other services of a Compose file, which become backing services. */
export const backingKeys: Readonly<Record<string, Fate>> = {
  image: {as: '`image`'},
  command: {as: '`command`'},
  environment: {as: '`environment`, `secrets`'},
  healthcheck: {as: '`ready`: its command'},
  volumes: {as: '`volumes`: named ones'},
  secrets: {reason: 'name it as a variable: `secrets`'},
};
