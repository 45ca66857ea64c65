import {pathToFileURL} from 'node:url';
import {resolve} from 'node:path';
import {adapt} from './adapt.ts';
import {drainable} from './drain.ts';

// The program behind `entrypoint run`: loads the service's module, serves it, drains at SIGTERM.
// It stands alone and imports no task: this is all of the toolkit that is in a service's process.

const {PORT = '3000', HOST = '0.0.0.0', GRACEFUL_TIMEOUT = '25', KEEP_ALIVE, MAX_CONNECTIONS, BACKLOG} = process.env;
const [file = ''] = process.argv.splice(2, 1);

/** A message about the server itself, in the service's own format: one JSON object a line. */
function log(level: string, event: string, facts: object): void {
  process.stdout.write(`${JSON.stringify({time: new Date().toISOString(), level, event, ...facts})}\n`);
}

const path = resolve(file);
const module = await import(pathToFileURL(path).href) as {default?: unknown};
const application = await adapt(module.default);

// A module without a default export listens by itself, and has its own way to stop.
if (application === undefined && module.default !== undefined) {
  log('error', 'not_servable', {message: `the default export of ${file} is no handler`, fix: 'export an app (fastify, express, koa, hono), an object with fetch, a (request, response) function or an http.Server'});
  process.exitCode = 65;
} else if (application !== undefined) {
  const {server, close} = application;
  const drain = drainable(server);
  server.once('error', (error: NodeJS.ErrnoException) => {
    log('error', 'not_listening', {message: error.code === 'EADDRINUSE' ? `port ${PORT} is taken` : error.message, fix: 'set another PORT'});
    process.exit(69);
  });
  if (KEEP_ALIVE !== undefined) server.keepAliveTimeout = Number(KEEP_ALIVE) * 1000;
  if (MAX_CONNECTIONS !== undefined) server.maxConnections = Number(MAX_CONNECTIONS);
  server.listen({port: Number(PORT), host: HOST, ...(BACKLOG === undefined ? {} : {backlog: Number(BACKLOG)})}, () => log('info', 'listening', {port: Number(PORT), pid: process.pid}));
  const stop = async (signal: string): Promise<void> => {
    const started = Date.now();
    log('info', 'draining', {signal});
    await drain({limitSeconds: Number(GRACEFUL_TIMEOUT), idleSeconds: 1});
    await close();
    log('info', 'drained', {seconds: (Date.now() - started) / 1000});
    process.exit(0);
  };
  process.once('SIGTERM', (signal) => void stop(signal));
  process.once('SIGINT', (signal) => void stop(signal));
}
