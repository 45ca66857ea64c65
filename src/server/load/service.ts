import type {IncomingMessage, Server} from 'node:http';
import {dirname} from 'node:path';
import {pathToFileURL} from 'node:url';
import {exitCode} from '../../errors.ts';
import type {LogThreshold} from '../../text/log/levels.ts';
import type {BootFailure, MetricSource} from '../process/messages.ts';
import type {OwnOptions} from '../requests/own-options.ts';
import {parseAddress} from '../settings/address.ts';
import {adapt, type ListenAddress} from './adapt.ts';
import {isFastifyPlugin} from './handler.ts';
import {type Captured, captureListen, type ListenTarget} from './listening.ts';
import {catchFailures} from './rejections.ts';

/** A service whose module is loaded. */
export interface LoadedService {
  readonly server: Server;
  /** Further servers that it opened, such as one for metrics: they drain with the main one. */
  readonly others: readonly Server[];
  /** Whether the service called `listen` itself. */
  readonly listens: boolean;
  readonly close: () => Promise<void>;
  /** With threads: what the service has set on its own server. */
  readonly own?: OwnOptions;
  /** With threads: the stack of the thread that serves a request, if it computes. */
  readonly stackOf?: (request: IncomingMessage) => Promise<string | undefined>;
  /** The service's own metrics, one source for each thread; undefined without threads. Never rejects. */
  readonly metrics?: () => Promise<readonly MetricSource[]>;
  /** Sets the level of the service's log in each thread; undefined without threads. */
  readonly setLogLevel?: (level: LogThreshold) => void;
}

/** A module that loads but cannot be served. */
export class NotServable extends Error {
  readonly failure: BootFailure;
  constructor(failure: BootFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

const otherWaitMilliseconds = 1000;

/**
 * Loads the service's module and makes an HTTP server of its default export, or takes the server that it opens itself.
 * @param prepare called with the server before it listens
 * @throws NotServable, or any error of the module
 */
export async function loadService(
  module: string,
  target: ListenTarget,
  prepare: (server: Server) => void,
  warn: (message: string) => void,
): Promise<LoadedService> {
  let onCapture: (() => void) | undefined;
  const ready = (server: Server): void => {
    catchFailures(server);
    prepare(server);
  };
  const captured = captureListen(target, ready, () => onCapture?.());
  nameMainModule(module);
  const {default: exported} = (await import(pathToFileURL(module).href)) as {default?: unknown};
  const own = (): LoadedService | undefined => ownService(captured(), warn);
  if (captured().main !== undefined) return own() as LoadedService;
  const application = await adapt(exported);
  if (application !== undefined) {
    const address = listenAddress(target);
    if (application.listen !== undefined && address !== undefined) await application.listen(address);
    if (captured().main !== application.server) ready(application.server);
    return {...application, others: captured().others.map(({server}) => server), listens: application.server.listening};
  }
  if (captured().others.length === 0 && !isNothing(exported)) throw new NotServable(notAHandler(module, exported));
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (captured().main !== undefined) resolve();
      else setTimeout(resolve, otherWaitMilliseconds);
    };
    onCapture = check;
    if (captured().others.length > 0) check();
    // If only the channel to the arbiter keeps the process alive, the module will never listen.
    process.channel?.unref();
    process.once('beforeExit', resolve);
  });
  process.channel?.ref();
  for (const {server} of captured().others) catchFailures(server);
  const found = own();
  if (found !== undefined) return found;
  throw new NotServable({
    message: `${module} has no default export and does not listen`,
    exitCode: exitCode.badData,
    fix: 'export default a handler (an app, an object with fetch, a (request, response) function), or call listen on process.env.PORT',
  });
}

/**
 * CommonJS programs, such as fastify's, look for their own file: `require.main.filename`. `require.main === module` stays
 * false, as for every module that is imported.
 */
function nameMainModule(filename: string): void {
  const {createRequire} = process.getBuiltinModule('node:module');
  const main = {id: '.', filename, path: dirname(filename), exports: {}, children: [], loaded: true, paths: []};
  Object.assign(process, {mainModule: {...main, require: createRequire(filename)}});
}

/** The failure of a module whose default export cannot be served. */
export function notAHandler(module: string, exported: unknown): BootFailure {
  if (isFastifyPlugin(exported))
    return {
      message: `the default export of ${module} is a fastify plugin, which needs an app`,
      exitCode: exitCode.badData,
      fix: 'const app = fastify(); app.register(plugin); export default app',
    };
  return {
    message: `the default export of ${module} is not a handler`,
    exitCode: exitCode.badData,
    fix: 'export an app (fastify, express, koa, hono), an object with fetch, a (request, response) function or an http.Server',
  };
}

/** The server's own address for `listen` of an application; undefined if its port is not known yet. */
function listenAddress({settings, port}: ListenTarget): ListenAddress | undefined {
  // The main one of several.
  const address = parseAddress(settings.bind[0] ?? '');
  if (address === undefined || 'path' in address) return address;
  const known = port ?? address.port;
  return known === 0 ? undefined : {host: address.host, port: known};
}

function ownService({main, others}: Captured, warn: (message: string) => void): LoadedService | undefined {
  const [first, ...more] = others;
  if (main !== undefined)
    return {server: main, others: others.map(({server}) => server), listens: true, close: async () => {}};
  if (first === undefined) return undefined;
  warn(`the service listens on ${first.where}, not on the server's address; listen on process.env.PORT instead`);
  return {server: first.server, others: more.map(({server}) => server), listens: true, close: async () => {}};
}

/** A CommonJS module that exports nothing exports an empty object. */
function isNothing(exported: unknown): boolean {
  return (
    exported === undefined ||
    exported === null ||
    (typeof exported === 'object' &&
      Object.getPrototypeOf(exported) === Object.prototype &&
      Object.keys(exported).length === 0)
  );
}
