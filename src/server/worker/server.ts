import {once} from 'node:events';
import type {Server, ServerResponse} from 'node:http';
import type {ServerHttp2Stream} from 'node:http2';
import type {LogThreshold} from '../../text/log/levels.ts';
import {listen, type ListenTarget} from '../load/listening.ts';
import {loadService} from '../load/service.ts';
import type {Log} from '../process/log.ts';
import type {DrainOrder, MetricSource, QueueState, RecycleReason} from '../process/messages.ts';
import {currentResponse} from '../process/node-internals.ts';
import {observeRequests, type RequestObserver} from '../records/observe.ts';
import {trustProxies} from '../requests/forwarded.ts';
import {type Gate, gateRequests, workerGate} from '../requests/gate.ts';
import {limitServer} from '../requests/limits.ts';
import type {OpenSockets} from '../requests/open-sockets.ts';
import {ownOptions, type OwnOptions, replacedLimits} from '../requests/own-options.ts';
import {stagedClose} from '../requests/staged-close.ts';
import {examiner} from '../requests/strictness.ts';
import {handleUpgrades} from '../requests/upgrades.ts';
import type {Settings} from '../settings/settings.ts';
import {type Accepting, closeListener, type Connections, pausableAccept, trackConnections} from './connections.ts';
import {clearQueue, drain, type DrainableServer, type DrainLimits} from './drain.ts';
import {limitHandlers} from './handler-limit.ts';
import {http2Sessions, httpSockets, isSecure} from './http-sockets.ts';
import {watchOpenFiles} from './open-files.ts';
import {cutResponse, cutStream, streamOf} from './response-cut.ts';
import {oneAtATime, readAtOnce} from './sync.ts';
import {type FailingRequest, followConnections} from './uncaught.ts';
import {trackWebsockets} from './websockets.ts';

/** A service that is being served. */
export interface Serving {
  readonly connections: () => number;
  /** Seconds for which a `sync` worker has been running a request. */
  readonly held: () => number;
  /** Answers 500 to the request whose code has just failed, if that is known. */
  readonly failRunning: () => void;
  readonly observer: RequestObserver;
  /** From now on, readiness answers 503. */
  readonly notReady: () => void;
  /** @see drain */
  readonly drain: (
    order: Pick<DrainOrder, 'idle' | 'last'>,
    limits: Readonly<DrainLimits>,
    closed: Promise<void>,
    notAccepting: () => void,
  ) => Promise<number>;
  /** @see clearQueue */
  readonly clearQueue: (target: ListenTarget, milliseconds: number, closed: Promise<void>) => Promise<QueueState>;
  /** The service's own metrics, one source for each copy of it in this worker. */
  readonly metrics: () => Promise<readonly MetricSource[]>;
  /** Sets the level of the service's log in the threads of this worker. */
  readonly setLogLevel: (level: LogThreshold) => void;
  /** Closes the application, after the last response. */
  readonly close: () => Promise<void>;
}

export interface WorkerServerOptions {
  readonly settings: Settings;
  readonly target: ListenTarget;
  readonly log: Log;
  /** Requests a replacement for this worker. */
  readonly recycle: (reason: RecycleReason) => void;
  /** Called for each file that a pool thread loads, with `reload`. */
  readonly loaded: (file: string) => void;
  /** Requests another copy of the listening socket. */
  readonly reopen: () => Promise<ListenTarget>;
}

interface MainServer {
  readonly server: Server;
  readonly accepting: Accepting;
  readonly connections: Connections;
  readonly sockets: OpenSockets;
  readonly closeSessions: () => void;
  readonly observer: RequestObserver;
  readonly failing: FailingRequest | undefined;
}

/**
 * Loads the service and serves it. Resolves when the worker listens.
 * @throws NotServable, or any error of the service
 */
export async function serveWorker({
  settings,
  target,
  log,
  recycle,
  loaded,
  reopen,
}: WorkerServerOptions): Promise<Serving> {
  let draining = false;
  let main: MainServer | undefined;
  let own: OwnOptions = {};
  const websockets = trackWebsockets();
  const running = runningResponse(settings);
  const prepare = (server: Server): void => {
    const accepting = pausableAccept(server, reopen);
    const pausable = settings.dispatch !== 'reuseport';
    const connections = trackConnections(server, {accepting, max: settings.maxConnections, pausable});
    watchOpenFiles({accepting, pausable, log});
    own = ownOptions(server);
    limitServer(server, settings);
    trustProxies(server, settings.forwardedAllowIps);
    const closing = stagedClose(server, {shutdown: settings.workerClass === 'threads'});
    const failing = settings.workerClass === 'async' ? followConnections() : undefined;
    const observer = observeRequests(server, settings, connections.onClosed, closing.end);
    if (settings.workerClass === 'sync') readAtOnce(server);
    const examine = examiner(settings.strictHttp);
    handleUpgrades(server, examine, closing);
    gateRequests(
      server,
      workerGate({
        settings,
        examine,
        unread: closing.unread,
        draining: () => draining,
        full: connections.full,
        recycle: () => recycle('max-requests'),
        serve: classGate(settings, accepting, running, failing),
      }),
      {
        connection: (socket) => {
          closing.connection(socket);
          failing?.connected(socket);
        },
        discards: closing.discards,
      },
      (request, stream) => {
        websockets.upgraded(request, stream);
        observer.upgraded(request, stream);
      },
    );
    const sockets = isSecure(server) ? httpSockets(server) : connections.sockets;
    main = {server, accepting, connections, sockets, closeSessions: http2Sessions(server), observer, failing};
  };
  const service =
    settings.workerClass === 'threads'
      ? await (
          await import('../threads/thread-service.ts')
        ).threadService({settings, port: target.port, log, crashed: () => recycle('thread'), loaded})
      : await loadService(settings.module, target, prepare, (message) =>
          log('warning', 'listens_elsewhere', {message}),
        );
  if (main?.server !== service.server) prepare(service.server);
  const replaced = replacedLimits(service.own ?? own, settings);
  if (replaced !== undefined && process.env['ENTRYPOINT_WORKER'] === '0') log('warning', 'own_limits', replaced);
  const others = service.others.map(otherServer);
  if (!service.listens) await listen(service.server, target);
  else if (!service.server.listening) await once(service.server, 'listening');
  const {accepting, connections, sockets, closeSessions, observer, failing} = main as unknown as MainServer;
  if (target.further !== undefined && target.further.length > 0) await accepting.listenFurther(target);
  const servers: readonly DrainableServer[] = [{server: service.server, accepting, sockets, closeSessions}, ...others];
  const {held} = limitHandlers({
    settings: settings.inspect === undefined ? settings : {...settings, handlerTimeout: 0},
    servers,
    isRunning: running.isRunning,
    stackOf: service.stackOf,
    log,
    recycle: () => recycle('handler-timeout'),
  });
  return {
    connections: () => connections.sockets.size,
    held,
    failRunning: () => {
      running.fail();
      failing?.fail(sockets);
    },
    observer,
    notReady: () => {
      draining = true;
    },
    drain: (order, limits, closed, notAccepting) => drain(servers, websockets, order, limits, closed, notAccepting),
    clearQueue: (copy, milliseconds, closed) => clearQueue(service.server, copy, milliseconds, closed),
    setLogLevel: service.setLogLevel ?? (() => {}),
    metrics: service.metrics ?? (async () => [await (await import('../metrics/registries.ts')).ownMetrics(0)]),
    close: service.close,
  };
}

/** The response whose handler runs: with `sync` until it ends, else in this turn of the loop. */
interface RunningResponse {
  current: ServerResponse | undefined;
  readonly isRunning: (response: ServerResponse | ServerHttp2Stream) => boolean;
  readonly fail: () => void;
}

function runningResponse({workerClass}: Settings): RunningResponse {
  const running: RunningResponse = {
    current: undefined,
    isRunning:
      workerClass === 'sync'
        ? (response) =>
            response === running.current || (running.current !== undefined && response === streamOf(running.current))
        : () => true,
    fail: () => {
      const {current: response} = running;
      running.current = undefined;
      if (response === undefined) return;
      const stream = streamOf(response);
      if (stream !== undefined) return cutStream(stream, 500);
      const {socket} = response;
      if (socket === null || response.writableEnded) return;
      if (currentResponse(socket) === response) cutResponse(socket, response, 500);
    },
  };
  return running;
}

function classGate(
  {workerClass, dispatch}: Settings,
  accepting: Accepting,
  running: RunningResponse,
  failing: FailingRequest | undefined,
): Gate {
  if (workerClass !== 'sync')
    return (request, response, proceed) => {
      failing?.started(response);
      running.current = response;
      // If it throws, the response stays here for `fail`.
      proceed(request, response);
      running.current = undefined;
    };
  return oneAtATime(dispatch === 'shared' ? accepting : {pause: () => {}, resume: () => {}}, (response) => {
    running.current = response;
  });
}

function otherServer(server: Server): DrainableServer {
  const accepting = {open: async () => {}, stop: () => closeListener(server)};
  return {server, sockets: httpSockets(server), closeSessions: http2Sessions(server), accepting};
}
