import {exitCode, messageOf} from '../errors.ts';
import {type Arbiter, arbiter} from './arbiter/arbiter.ts';
import type {Reloader} from './arbiter/reload.ts';
import {bindSocket, type BoundSocket, connectionsWithin, dispatchWarning} from './arbiter/socket.ts';
import {addressFailure} from './load/listening.ts';
import type {Log} from './process/log.ts';
import type {BootFailure} from './process/messages.ts';
import type {Settings} from './settings/settings.ts';

/** A server whose address is bound, but without workers. */
export interface BoundServer {
  readonly arbiter: Arbiter;
  /** Undefined for a Unix socket. */
  readonly port: number | undefined;
  /** Starts the workers. Resolves with the exit code when all of them have exited and everything is closed. */
  readonly run: () => Promise<number>;
}

/**
 * Binds the address and the admin listener. The program (serve.ts) and the library (index.ts) both start here.
 * @returns the failure if one of the addresses cannot be bound
 */
export async function bindServer(wanted: Settings, log: Log): Promise<BoundServer | BootFailure> {
  const settings = limitConnections(wanted, log);
  const warning = dispatchWarning(settings.dispatch);
  if (warning !== undefined) log('warning', 'dispatch', warning);
  const socket = await bind(settings);
  if ('exitCode' in socket) return socket;
  const {adminBind} = settings;
  const operations = adminBind === undefined ? undefined : (await import('./arbiter/operations.ts')).operations();
  let reloader: Reloader | undefined;
  const server = arbiter({
    settings,
    socket,
    log: operations?.counting(log) ?? log,
    onMessage: (worker, message) => {
      operations?.received(worker, message);
      if (message.type === 'files-loaded') reloader?.loaded(message.files);
    },
    onExit: operations?.exited ?? (() => {}),
  });
  const failure = adminBind === undefined ? undefined : await operations?.listen(adminBind, server.status, log);
  if (failure !== undefined) {
    socket.close();
    return failure;
  }
  if (settings.reload) reloader = (await import('./arbiter/reload.ts')).reloadOnChange(settings.module, server, log);
  return {
    arbiter: server,
    port: socket.port,
    run: async () => {
      const code = await server.run();
      reloader?.close();
      operations?.close();
      socket.close();
      return code;
    },
  };
}

function limitConnections(settings: Settings, log: Log): Settings {
  const {maxConnections: wanted} = settings;
  const maxConnections = connectionsWithin(wanted);
  if (maxConnections < wanted)
    log('info', 'connections_limited', {
      connections: maxConnections,
      message: `connection limit lowered from ${wanted} to ${maxConnections} by the open-file limit`,
      fix: 'raise `ulimit -n`, or lower --max-connections',
    });
  return {...settings, maxConnections};
}

async function bind(settings: Settings): Promise<BoundSocket | BootFailure> {
  try {
    return await bindSocket(settings);
  } catch (error) {
    return addressFailure(settings.bind, error) ?? {message: messageOf(error), exitCode: exitCode.unavailable};
  }
}
