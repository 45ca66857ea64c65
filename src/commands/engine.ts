import {type Command, toCommand, type Words} from '../shell/argv.ts';
import {parseDestination} from './destination.ts';

/**
 * A docker command for the engine of another machine, which the client reaches by ssh.
 * @param host an ssh destination; undefined: the engine of this machine, or that of DOCKER_HOST
 * @example
 * await context.run(onEngine(dockerPush('127.0.0.1:5000/shop:dev'), 'build@arm')); // DOCKER_HOST=ssh://build@arm docker push ...
 */
export function onEngine(command: Words | Command, host: string | undefined): Command {
  const {env, ...others} = toCommand(command);
  if (host === undefined) return {...others, ...(env === undefined ? {} : {env})};
  return {...others, env: {...env, DOCKER_HOST: engineAddress(host)}};
}

/**
 * An ssh destination as docker takes it.
 * @example
 * engineAddress('build@arm'); // ssh://build@arm
 */
export function engineAddress(host: string): string {
  const {user, name, port} = parseDestination(host);
  const who = user === undefined ? '' : `${encodeURIComponent(user)}@`;
  return `ssh://${who}${name.includes(':') ? `[${name}]` : name}${port === undefined ? '' : `:${port}`}`;
}
