import type {Server} from 'node:http';
import {pathToFileURL} from 'node:url';
import type {BootFailure} from '../process/messages.ts';
import {adapt} from './adapt.ts';
import {type Captured, captureListen, type Place} from './listening.ts';

/** A service that is loaded. */
export interface Service {
  readonly server: Server;
  /** Servers that it opened elsewhere, for metrics say: they drain with it. */
  readonly others: readonly Server[];
  /** It called `listen` itself. */
  readonly listens: boolean;
  readonly close: () => Promise<void>;
}

/** What stands between a module and being served. */
export class NotServable extends Error {
  readonly failure: BootFailure;
  constructor(failure: BootFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

const otherWaitMilliseconds = 1000;

/**
 * Loads the service's module and makes an HTTP server of what it exports, or takes the one that it opens itself.
 * @param prepare called with the server before it listens
 * @throws NotServable, or whatever the module throws
 */
export async function loadService(
  module: string,
  place: Place,
  prepare: (server: Server) => void,
  warn: (message: string) => void,
): Promise<Service> {
  let told: (() => void) | undefined;
  const captured = captureListen(place, prepare, () => told?.());
  const {default: exported} = (await import(pathToFileURL(module).href)) as {default?: unknown};
  const own = (): Service | undefined => ownService(captured(), warn);
  if (captured().main !== undefined) return own() as Service;
  const application = await adapt(exported);
  if (application !== undefined) {
    prepare(application.server);
    return {...application, others: captured().others.map(({server}) => server), listens: application.server.listening};
  }
  if (captured().others.length === 0 && !isNothing(exported)) {
    throw new NotServable({
      message: `the default export of ${module} is no handler`,
      exitCode: 65,
      fix: 'export an app (fastify, express, koa, hono), an object with fetch, a (request, response) function or an http.Server',
    });
  }
  await new Promise<void>((resolve) => {
    const tell = (): void => {
      if (captured().main !== undefined) resolve();
      else setTimeout(resolve, otherWaitMilliseconds);
    };
    told = tell;
    if (captured().others.length > 0) tell();
    // Nothing but our own channel keeps the process alive: nothing will ever listen.
    process.channel?.unref();
    process.once('beforeExit', resolve);
  });
  process.channel?.ref();
  const found = own();
  if (found !== undefined) return found;
  throw new NotServable({
    message: `${module} has no default export and listens nowhere`,
    exitCode: 65,
    fix: 'export default a handler (an app, an object with fetch, a (request, response) function), or call listen on process.env.PORT',
  });
}

function ownService({main, others}: Captured, warn: (message: string) => void): Service | undefined {
  const [first, ...more] = others;
  if (main !== undefined)
    return {server: main, others: others.map(({server}) => server), listens: true, close: async () => {}};
  if (first === undefined) return undefined;
  warn(
    `the service listens on ${first.where} by its own decision, not where the server was told to: let it use process.env.PORT`,
  );
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
