import {randomUUID} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {fastify, type FastifyInstance} from 'fastify';
import type {Pool} from 'pg';
import type {Config} from './config.ts';
import {replyNotFound, replyWithError} from './errors.ts';
import {healthRoutes} from './health.ts';
import {loggerOptions, logRequests, ownRequestLog, type LogStream} from './logging.ts';
import {productRoutes} from './products.ts';
import {purchaseRoutes} from './purchases.ts';
import {quoteRoutes} from './quotes.ts';

/**
 * The service as a Fastify app that does not listen. Closing it ends the pool.
 * `logStream` is stdout by default.
 */
export function buildApp(config: Config, pool: Pool, logStream?: LogStream): FastifyInstance {
  const app = fastify({
    logger: loggerOptions(config, logStream),
    logController: ownRequestLog(),
    genReqId: requestId,
    bodyLimit: 16 * 1024,
    // What was asked for is taken as it is or refused: "1000" is not 1000, unknown fields are not dropped.
    ajv: {customOptions: {coerceTypes: false, removeAdditional: false}},
    frameworkErrors: (error, request, reply) => replyWithError(error, request, reply),
  });
  app.setErrorHandler(replyWithError);
  app.setNotFoundHandler(replyNotFound);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onClose', () => pool.end());
  // Without a listener an idle connection that breaks would end the process.
  pool.on('error', (error) => app.log.warn({err: error}, 'an idle database connection broke'));
  logRequests(app);

  healthRoutes(app, config, pool);
  productRoutes(app, pool);
  quoteRoutes(app, config, pool);
  purchaseRoutes(app, pool);
  return app;
}

/** The caller's X-Request-Id where it is a plain short word, so that one request has one id in all logs. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
