import {randomUUID} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {fastify, type FastifyBaseLogger, type FastifyInstance} from 'fastify';
import type {Pool} from 'pg';
import type {Config} from './config.ts';
import {replyNotFound, replyWithError} from './errors.ts';
import {healthRoutes} from './health.ts';
import {logRequests, ownRequestLog, serviceLog} from './logging.ts';
import {productRoutes} from './products.ts';
import {purchaseRoutes} from './purchases.ts';
import {quoteRoutes} from './quotes.ts';

/** The service as a Fastify app, not listening yet. Closing it ends the pool. */
export function buildApp(
  config: Config,
  pool: Pool,
  loggerInstance: FastifyBaseLogger = serviceLog(config),
): FastifyInstance {
  const app = fastify({
    loggerInstance,
    logController: ownRequestLog(),
    genReqId: requestId,
    bodyLimit: 16 * 1024,
    // Strict validation: "1000" is not 1000, and unknown fields are errors, not dropped.
    ajv: {customOptions: {coerceTypes: false, removeAdditional: false}},
    frameworkErrors: (error, request, reply) => replyWithError(error, request, reply),
  });
  app.setErrorHandler(replyWithError);
  app.setNotFoundHandler(replyNotFound);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onClose', () => pool.end());
  // Without a listener, a broken idle connection would end the process.
  pool.on('error', (error) => app.log.warn({err: error}, 'an idle database connection broke'));
  logRequests(app);

  healthRoutes(app, config, pool);
  productRoutes(app, pool);
  quoteRoutes(app, config, pool);
  purchaseRoutes(app, pool);
  return app;
}

/** The caller's X-Request-Id if it is a short plain word, so that one request has one id in all logs. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
