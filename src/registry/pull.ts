import {dockerPull, dockerPullWithLogin, type PullOptions, type RegistryLogin} from '../commands/docker/index.ts';
import {isProblem, type Problem, problem} from '../errors.ts';
import {dockerHub, loginKey, splitRegistry} from '../service/schema/registry-name.ts';
import type {Service} from '../service/service.ts';
import type {Commands} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {type Login, passwordLogin} from './login.ts';

/** The login of deploy.yaml, for the images of the service's registry. */
function loginOf({registry, deployFile: {registry_login: login}}: Service): RegistryLogin | undefined {
  return registry === undefined || login === undefined
    ? undefined
    : {key: loginKey(splitRegistry(registry).host), ...login};
}

/** Whether an image's name begins with the registry; one without a slash is of Docker Hub. */
const isFrom = (image: string, {key}: RegistryLogin): boolean =>
  loginKey(image.includes('/') ? splitRegistry(image).host : dockerHub) === key;

/**
 * Pulls images on one machine: those of the service's registry with `registry_login`, and all others, or without it all,
 * with the login of docker on that machine. With a login, one command pulls all of them.
 */
export function pullCommands(service: Service, images: readonly string[], options: PullOptions = {}): Commands {
  const login = loginOf(service);
  const own = login === undefined ? [] : images.filter((image) => isFrom(image, login));
  const others = images.filter((image) => !own.includes(image));
  if (login === undefined || own.length === 0) return others.map((image) => dockerPull(image, options));
  return [dockerPullWithLogin(own, login, {...options, others})];
}

/** The login of deploy.yaml for this process's own requests; undefined: that of docker on this machine. */
export function deployLogin({run}: Pick<Context, 'run'>, service: Service): (() => Promise<Login>) | undefined {
  const login = loginOf(service);
  if (login === undefined) return undefined;
  return async () => {
    // By a command, so that a scope remembers it for the pulls on the hosts.
    const {stdout} = await run
      .read({words: ['cat'], secretInput: [login.password]}, {purpose: 'cannot get the password of `registry_login`'})
      .catch((error: unknown) => {
        throw isProblem(error) ? ofPassword(error) : error;
      });
    return passwordLogin(login.user, stdout.replace(/\n$/, ''));
  };
}

/** The same problem with the key of deploy.yaml in the place of the command's standard input. */
const ofPassword = (error: Problem): Error =>
  problem({
    code: error.code,
    what: error.message,
    details: error.details.map((line) => line.replace(/^text 1 for its standard input/, 'registry_login.password')),
    fix: error.fix,
    exitCode: error.exitCode,
    cause: error,
  });
