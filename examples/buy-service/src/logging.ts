import {createLog, log, type Logger} from 'entrypoint/log';
import {LogController, type FastifyInstance} from 'fastify';
import type {Config} from './config.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Default true. */
    accessLog?: boolean;
  }
}

/** The log on stdout, or that of a test, with what all lines have in common. */
export function serviceLog(config: Config, write?: (line: string) => void): Logger {
  const own = write === undefined ? log : createLog({level: config.LOG_LEVEL, format: 'json', write});
  return own.child({service: 'buy-service', version: config.GIT_COMMIT_HASH});
}

/** Turns off Fastify's two lines a request: `logRequests` writes one. */
export function ownRequestLog(): LogController {
  return new LogController({disableRequestLogging: true, requestIdLogLabel: 'request_id'});
}

/** Logs one line a request, after the response. Query, headers and bodies stay out of the log. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    const {config, url: route} = request.routeOptions;
    if (config.accessLog === false) return;
    const path = request.url.split('?', 1)[0];
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    request.log.info({event: 'request', method: request.method, path, route, status: reply.statusCode, ms});
  });
}
