import {LogController, type FastifyInstance, type FastifyServerOptions} from 'fastify';
import type {Config} from './config.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Default true. */
    accessLog?: boolean;
  }
}

/** Destination of log lines: stdout, or a test's own. */
export interface LogStream {
  write(line: string): void;
}

type LoggerOptions = NonNullable<FastifyServerOptions['logger']>;

/** One JSON object a line, with the level as a word and the time in ISO 8601. */
export function loggerOptions(config: Config, stream?: LogStream): LoggerOptions {
  return {
    level: config.LOG_LEVEL,
    base: {service: 'buy-service', version: config.GIT_COMMIT_HASH},
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {level: (level) => ({level})},
    ...(stream && {stream}),
  };
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
    request.log.info({method: request.method, path, route, status: reply.statusCode, ms}, 'request');
  });
}
