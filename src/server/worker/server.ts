import {once} from 'node:events';
import type {Server} from 'node:http';
import {Server as NetServer, type Socket} from 'node:net';
import {listen, type Place} from '../load/listening.ts';
import {loadService} from '../load/service.ts';
import type {Log} from '../process/log.ts';
import type {DrainOrder, QueueState, RecycleReason} from '../process/messages.ts';
import {type Gate, gateRequests, workerGate} from '../requests/gate.ts';
import {limitServer} from '../requests/limits.ts';
import {type Watched, watchRequests} from '../requests/observe.ts';
import type {Settings} from '../settings/settings.ts';
import {pausableAccept, type Accepting, type Connections, trackConnections} from './connections.ts';
import {clearQueue, drain, type Drained} from './drain.ts';
import {oneAtATime, readAtOnce} from './sync.ts';

export interface Serving {
  readonly connections: () => number;
  readonly watched: Watched;
  /** From now on, readiness answers 503. */
  readonly notReady: () => void;
  /** @see drain */
  readonly drain: (order: Omit<DrainOrder, 'delay'>, closed: Promise<void>, lame: () => void) => Promise<number>;
  /** @see clearQueue */
  readonly clearQueue: (place: Place, milliseconds: number, closed: Promise<void>) => Promise<QueueState>;
  /** What the service does at its end. */
  readonly close: () => Promise<void>;
}

export interface WorkerServerOptions {
  readonly settings: Settings;
  readonly place: Place;
  readonly log: Log;
  /** The worker should have a successor. */
  readonly worn: (reason: RecycleReason) => void;
  /** Told of files that the service loads, with reload. */
  readonly loaded: (file: string) => void;
  /** Brings another copy of the listening socket. */
  readonly reopen: () => Promise<Place>;
}

/**
 * Loads the service and serves it. Resolves when the worker listens.
 * @throws NotServable, or what the service throws
 */
export async function serveWorker({settings, place, log, worn, loaded, reopen}: WorkerServerOptions): Promise<Serving> {
  let draining = false;
  let main:
    | {
        readonly server: Server;
        readonly accepting: Accepting;
        readonly connections: Connections;
        readonly watched: Watched;
      }
    | undefined;
  const prepare = (server: Server): void => {
    const gate = pausableAccept(server, reopen);
    const connections = trackConnections(server, {
      accepting: gate,
      max: settings.maxConnections,
      pausable: settings.dispatch !== 'reuseport',
    });
    limitServer(server, settings);
    if (settings.workerClass === 'sync') readAtOnce(server);
    gateRequests(
      server,
      workerGate({
        settings,
        draining: () => draining,
        full: connections.full,
        worn: () => worn('max-requests'),
        serve: classGate(settings, gate),
      }),
      connections.upgraded,
    );
    main = {server, accepting: gate, connections, watched: watchRequests(server, settings, connections.onClosed)};
  };
  const service =
    settings.workerClass === 'threads'
      ? await (
          await import('../threads/worker-class.ts')
        ).threadService({settings, port: place.port, log, crashed: () => worn('thread'), loaded})
      : await loadService(settings.module, place, prepare, (message) => log('warning', 'listens_elsewhere', {message}));
  if (main?.server !== service.server) prepare(service.server);
  const others = service.others.map(otherServer);
  if (!service.listens) await listen(service.server, place);
  else if (!service.server.listening) await once(service.server, 'listening');
  const {
    accepting: gate,
    connections,
    watched,
  } = main as unknown as {accepting: Accepting; connections: Connections; watched: Watched};
  const drained: readonly Drained[] = [
    {server: service.server, accepting: gate, sockets: connections.sockets, websockets: connections.websockets},
    ...others,
  ];
  return {
    connections: () => connections.sockets.size,
    watched,
    notReady: () => {
      draining = true;
    },
    drain: (order, closed, lame) => drain(drained, order, closed, lame),
    clearQueue: (again, milliseconds, closed) => clearQueue(service.server, again, milliseconds, closed),
    close: service.close,
  };
}

function classGate({workerClass, dispatch}: Settings, gate: Accepting): Gate {
  if (workerClass !== 'sync') return (request, response, proceed) => proceed(request, response);
  return oneAtATime(dispatch === 'shared' ? gate : {pause: () => {}, resume: () => {}});
}

function otherServer(server: Server): Drained {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const stop = (): Promise<void> =>
    new Promise((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
  return {server, sockets, websockets: new Set(), accepting: {open: async () => {}, stop}};
}
