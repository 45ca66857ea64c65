/** The meaning of a code, in a sentence; `exit` if its exit code is not one fixed number. */
export type Meaning = string | {readonly meaning: string; readonly exit: string};

const stopped = '130 (Ctrl-C), 143 (SIGTERM), 129 (SIGHUP)';

/** Every code that a problem can have. `npm run docs` writes docs/errors.md from it, and a test compares it with the sources. */
export const meanings: Readonly<Record<string, Meaning>> = {
  backing_services_on_many_hosts: 'deploy.yaml gives backing services to an environment with more than one host.',
  bad_commit: 'GIT_COMMIT_HASH, which takes the place of a repository, cannot be part of a tag.',
  bad_configuration: 'Variables of the service are missing or not valid; each is named, and no value is shown.',
  bad_declaration: 'The declaration of the configuration, in config.ts or pyproject.toml, is wrong.',
  bad_config_file: 'A file given to `config audit` does not exist, has no format that is read, or breaks its syntax.',
  bad_deploy_file: 'deploy.yaml breaks its schema; every error is listed with its line.',
  bad_docker_config: "The docker client's config.json, which has the registry logins, is not valid JSON.",
  bad_package_file: 'package.json cannot be read, or is not a valid JSON object.',
  bad_service_name: 'The name of the service, from its manifest or directory, is too long for a host name.',
  bad_tasks_py: 'invoke cannot load tasks.py.',
  bad_topology: 'The load balancers of deploy.yaml cannot reach the hosts, or have no fixed port.',
  bad_secret: 'The value of a secret cannot be passed on: it is binary or too large.',
  balancer_differs:
    'load_balancer in deploy.yaml differs from the running balancer in a setting that only a new container can change.',
  balancer_outdated:
    'A change of `health` needs a newer load balancer than the running one, which an earlier version started.',
  boot_failed: {
    meaning: 'serve() started no worker: the module does not load, or exports no handler.',
    exit: '3; 65 without a handler',
  },
  build_refused: 'A step of the image build refused the files of the service, such as a missing lock file.',
  canary_under_way: 'A canary is in progress; it has to be continued or aborted first.',
  credential_helper: "A credential helper that docker's config.json names is missing, or fails.",
  command_failed: {
    meaning: 'An external command failed or timed out.',
    exit: "the command's own; 124 after a timeout",
  },
  command_not_found: 'A program is not on PATH or not executable.',
  config_not_reproduced:
    'The files that `config audit --output` would write would change a value; nothing was written.',
  contract_broken: 'The image breaks at least one rule of severity error in the container contract.',
  deploy_lacks_configuration:
    'The service would not start with what deploy.yaml passes to it: variables are missing or not valid.',
  dirty_tree: 'The image to publish was built from uncommitted changes.',
  disk_full: 'The disk of a host, or of this machine, has no space left; the deploy was undone.',
  dispatch_conflict: 'serve() was called with another `dispatch` than an earlier server or cluster of the process.',
  engine_unavailable:
    'The Docker engine does not answer, refuses the user, speaks another API version, is Podman, or there is no client.',
  findings: {
    meaning: 'A linter, formatter or type checker reported findings.',
    exit: 'that of the first check that failed',
  },
  folder_not_found: 'The working directory of a command does not exist.',
  gave_up: {
    meaning: 'A second signal ended a task that did not stop at the first one.',
    exit: stopped,
  },
  host_unreachable: 'ssh cannot reach a host of deploy.yaml, cannot log in to it, or gets no answer.',
  host_unsuitable:
    'A host cannot run what deploy.yaml says: the image is for another platform, or a network, a port or an address is not there.',
  image_missing: 'The image is neither on the engine nor in the registry where it is needed.',
  import_missing: {
    meaning: 'tasks.ts imports a package or a file that does not exist.',
    exit: '65',
  },
  interrupted: {
    meaning: 'A signal stopped the task, or another step failed while this one waited.',
    exit: `${stopped}; 1 for a cancelled step`,
  },
  large_file_missing: 'A file of Git LFS is a pointer in the working tree: its content was not downloaded.',
  lock_lost: 'Another deploy has the lock, or it expired and cannot be renewed; nothing changed after that.',
  locked: 'Another deploy, rollback or removal holds the lock of the environment.',
  no_address: 'No address is known at which dedicated load balancers can reach a host.',
  no_answer: 'The service under test did not answer 200 in time.',
  no_async_worker: 'Worker class async needs an ASGI application or gevent, and the service has neither.',
  no_buildkit: 'The docker client cannot build with BuildKit: the buildx plug-in is missing.',
  no_canary: '--continue or --abort was given and no canary is in progress.',
  no_commit: 'The git repository has no commit, or git refuses it.',
  no_dockerfile: 'The service has no Dockerfile.',
  no_declaration: 'The service declares no configuration, and the task works on its declaration.',
  no_majority: 'Fewer than half of the hosts can be reached, which is too few for the lock.',
  no_previous_release: 'The release to roll back to does not exist or is the one that serves.',
  no_pytest: 'pytest is not installed.',
  no_registry: 'No registry is configured.',
  no_secret_file: 'A file that the build reads as a secret does not exist.',
  no_server: 'gunicorn or uWSGI is not installed.',
  no_server_module: 'No module to serve was found or configured.',
  no_tasks: 'tasks.ts exports no task.',
  no_tests: 'A test task found no tests.',
  not_deployed: 'The service is not deployed in the environment.',
  nothing_to_check: 'There are no sources to check, or no linter and no type checker is installed.',
  outside_context: '`image` in deploy.yaml names a file or directory outside the context of the build.',
  outside_repository: 'A manifest depends on a directory that is outside the repository.',
  promotion_lost: 'Another promotion moved the same tag at the same time.',
  registry_refused: 'The registry answered with an error status.',
  registry_unavailable: 'The registry does not answer.',
  reload_failed: {
    meaning: 'The new code of a service under serve() does not boot; the old workers keep serving.',
    exit: '3; 65 without a handler',
  },
  secret_missing: 'A secret has no value: its variable, file or command is missing, fails, or is empty.',
  stage_empty: 'No image has been promoted to the stage.',
  submodule_differs: 'A submodule is not checked out, or at another commit than the one that the repository names.',
  syntax_error: 'tasks.ts, or a file that it imports, has a syntax error.',
  task_threw: 'A task threw an error of its own.',
  not_listening: {meaning: 'serve() cannot listen on its address.', exit: '69'},
  not_primary: 'serve() was called in a worker of node:cluster.',
  task_twice: 'tasks.ts exports two functions whose names give the same task.',
  tasks_threw: {
    meaning: 'tasks.ts threw an error while it was loaded.',
    exit: '65',
  },
  unknown_environment: 'deploy.yaml has no environment of that name.',
  unknown_host: 'No serving replica is on the host that was named.',
  usage: 'The command line or one of its variables is wrong; nothing was run.',
  worse_release: 'The new release failed its watch and was rolled back.',
};
