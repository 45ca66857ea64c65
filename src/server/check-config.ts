import {pathToFileURL} from 'node:url';
import {adapt} from './adapt.ts';
import type {Log} from './log.ts';
import type {Settings} from './settings.ts';

/**
 * `--check-config`: loads the service as a worker does, and listens nowhere.
 * @returns the exit code: 0; 3 when the module does not load (gunicorn's), 65 when it exports nothing that can be served
 */
export async function checkConfig({module}: Settings, log: Log): Promise<number> {
  try {
    const loaded = await import(pathToFileURL(module).href) as {default?: unknown};
    const application = loaded.default === undefined ? undefined : await adapt(loaded.default);
    if (application === undefined && loaded.default !== undefined) {
      log('error', 'not_servable', {message: `the default export of ${module} is no handler`, fix: 'export an app (fastify, express, koa, hono), an object with fetch, a (request, response) function or an http.Server'});
      return 65;
    }
    await application?.close();
    log('info', 'config_ok', {module, message: application === undefined ? 'the module loads; it has no default export and listens by itself' : 'the module loads and can be served'});
    return 0;
  } catch (error) {
    log('error', 'worker_failed', {message: error instanceof Error ? error.message : String(error), stack: (error as Error)?.stack});
    return 3;
  }
}
