import {dockerContext} from '../../../image/docker.ts';
import type {Context} from '../../../task.ts';
import {isLoopback} from './endpoints.ts';

/** Where the engine that the docker client reaches publishes ports. */
export interface EngineHost {
  /** The name or address of the other machine on which it runs; empty: this one. */
  readonly name: string;
  /** Whether it is reached by a socket of this machine. */
  readonly isSocket: boolean;
}

/** The engine of this machine. */
export const ownEngine: EngineHost = {name: '', isSocket: true};

/** Finds where the engine of `local` runs: `DOCKER_HOST` or the docker context in use can name another machine. */
export async function engineHost({env, run}: Pick<Context, 'env' | 'run'>): Promise<EngineHost> {
  const variable = env['DOCKER_HOST'] ?? '';
  if (variable !== '') return endpointHost(variable);
  const context = dockerContext(env);
  if (context === 'default') return ownEngine;
  const inspect = ['docker', 'context', 'inspect', '--format', '{{.Endpoints.docker.Host}}', context];
  const {exitCode, stdout} = await run.read(inspect, {allow: [1]});
  return exitCode === 0 ? endpointHost(stdout.trim()) : ownEngine;
}

/**
 * The host of an endpoint as docker takes it.
 * @example
 * endpointHost('ssh://deploy@h1:2222'); // {name: 'h1', isSocket: false}
 */
export function endpointHost(endpoint: string): EngineHost {
  if (/^(?:(?:unix|npipe|fd):|$)/.test(endpoint)) return ownEngine;
  const [, address = ''] = /^(?:[a-z]+:\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)/.exec(endpoint) ?? [];
  const name = address.replaceAll(/[[\]]/g, '');
  // A tunnel, or an engine that this machine's user reaches by TCP: its ports are published here as far as is known.
  return {name: isLoopback(name) ? '' : name, isSocket: false};
}
