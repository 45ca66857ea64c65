import {type Arbiter, arbiter} from './arbiter/arbiter.ts';
import {bindSockets, boundTexts, connectionsWithin, dispatchWarning} from './arbiter/socket.ts';
import type {Log} from './process/log.ts';
import type {BootFailure} from './process/messages.ts';
import type {Reloader} from './reload/reload.ts';
import {heapWarning} from './settings/limits.ts';
import type {Settings} from './settings/settings.ts';

/** A server whose address is bound, but without workers. */
export interface BoundServer {
  readonly arbiter: Arbiter;
  /** That of the main address; undefined if all are Unix sockets. */
  readonly port: number | undefined;
  /** All addresses, with their actual ports, the main one first. */
  readonly addresses: readonly string[];
  /** Starts the workers. Resolves with the exit code when all of them have exited and everything is closed. */
  readonly run: () => Promise<number>;
}

/**
 * Binds the addresses and the admin listener. The program (serve.ts) and the library (index.ts) both start here.
 * @returns the failure if one of the addresses cannot be bound
 */
export async function bindServer(wanted: Settings, log: Log): Promise<BoundServer | BootFailure> {
  const settings = limitConnections(wanted, log);
  const warning = dispatchWarning(settings.dispatch);
  if (warning !== undefined) log('warning', 'dispatch', warning);
  const heaps = heapWarning(settings, settings.workers);
  if (heaps !== undefined) log('warning', 'heaps_exceed_memory', heaps);
  const sockets = await bindSockets(settings);
  if ('exitCode' in sockets) return sockets;
  const closeSockets = (): void => {
    for (const socket of sockets) socket.close();
  };
  const {adminBind} = settings;
  const operations = adminBind === undefined ? undefined : (await import('./arbiter/operations.ts')).operations();
  let reloader: Reloader | undefined;
  const server = arbiter({
    settings,
    sockets,
    log: operations?.counting(log) ?? log,
    onMessage: (worker, message) => {
      operations?.received(worker, message);
      if (message.type === 'files-loaded') reloader?.loaded(message.files);
    },
    onExit: operations?.exited ?? (() => {}),
  });
  const failure =
    adminBind === undefined
      ? undefined
      : await operations?.listen(adminBind, server.status, log, settings, server.setLogLevel);
  if (failure !== undefined) {
    closeSockets();
    return failure;
  }
  if (settings.reload) reloader = (await import('./reload/reload.ts')).reloadOnChange(settings, server, log);
  return {
    arbiter: server,
    port: sockets[0]?.port,
    addresses: sockets.map((socket) => boundTexts([socket])),
    run: async () => {
      const code = await server.run();
      reloader?.close();
      operations?.close();
      closeSockets();
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
