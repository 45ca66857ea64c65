import {dockerPull, dockerPullWithLogin, type PullOptions, type RegistryLogin} from '../commands/docker/index.ts';
import {dockerHub, loginKey, splitRegistry} from '../service/registry-name.ts';
import type {Service} from '../service/service.ts';
import type {Commands, Words} from '../shell/argv.ts';
import {secretValues} from '../shell/secrets.ts';
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
export function deployLogin(
  {run, cwd, env}: Pick<Context, 'run' | 'cwd' | 'env'>,
  service: Service,
): (() => Promise<Login>) | undefined {
  const login = loginOf(service);
  if (login === undefined) return undefined;
  return async () => {
    const secrets = {'registry_login.password': login.password};
    const {'registry_login.password': password = ''} = await secretValues(
      {words: [], secrets},
      {
        cwd,
        env,
        capture: async (words: Words) => ({
          code: 0,
          stdout: (await run.read(words, {purpose: 'cannot get the password of `registry_login`'})).stdout,
        }),
      },
    );
    return passwordLogin(login.user, password);
  };
}
