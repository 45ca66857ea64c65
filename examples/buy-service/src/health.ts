import type {FastifyInstance} from 'fastify';
import type {Pool} from 'pg';
import type {Config} from './config.ts';
import {query} from './database.ts';
import {apiError} from './errors.ts';

/** `/healthz`: the process is alive. `/readyz`: it can take traffic. Neither is in the access log. */
export function healthRoutes(app: FastifyInstance, config: Config, pool: Pool): void {
  const isReachable = databaseProbe(pool, config.READY_TIMEOUT);
  let ready = true;

  app.get('/healthz', {config: {accessLog: false}}, async () => ({status: 'ok', version: config.GIT_COMMIT_HASH}));

  app.get('/readyz', {config: {accessLog: false}, logLevel: 'silent'}, async () => {
    const reachable = await isReachable();
    // Probes come every second or two, so only changes are logged.
    if (reachable && !ready) app.log.info('ready again: the database is reachable');
    if (!reachable && ready) app.log.warn('not ready: the database is unreachable');
    ready = reachable;
    if (!reachable) throw apiError(503, 'not_ready', 'the database is unreachable');
    return {status: 'ready', version: config.GIT_COMMIT_HASH};
  });
}

/** Overlapping probes share one query, so that they cannot exhaust the pool while the database hangs. */
function databaseProbe(pool: Pool, timeoutMs: number): () => Promise<boolean> {
  let running: Promise<boolean> | undefined;
  return async () => {
    running ??= query(pool, 'SELECT 1')
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        running = undefined;
      });
    return Promise.race([running, falseAfter(timeoutMs)]);
  };
}

function falseAfter(milliseconds: number): Promise<false> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds, false).unref();
  });
}
