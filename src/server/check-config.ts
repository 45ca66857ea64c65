import {Server} from 'node:net';
import {pathToFileURL} from 'node:url';
import {adapt} from './load/adapt.ts';
import {bootFailure} from './load/boot-failure.ts';
import type {Log} from './process/log.ts';
import type {Settings} from './settings/settings.ts';

/**
 * `--check-config`: loads the service as a worker does, and listens nowhere.
 * @returns the exit code: 0; 3 when the module does not load (gunicorn's), 65 when it exports nothing that can be served
 */
export async function checkConfig({module}: Pick<Settings, 'module'>, log: Log): Promise<number> {
  let listens = false;
  Server.prototype.listen = function note(this: Server): Server {
    listens = true;
    return this;
  };
  try {
    const {default: exported} = (await import(pathToFileURL(module).href)) as {default?: unknown};
    const application = await adapt(exported);
    await application?.close();
    if (application === undefined && !listens && exported !== undefined) {
      log('error', 'not_servable', {
        message: `the default export of ${module} is no handler`,
        fix: 'export an app (fastify, express, koa, hono), an object with fetch, a (request, response) function or an http.Server',
      });
      return 65;
    }
    log('info', 'config_ok', {
      module,
      message: listens
        ? 'the module loads, and listens by itself'
        : application === undefined
          ? 'the module loads; it exports nothing, and whether it listens later is not known'
          : 'the module loads, and what it exports can be served',
    });
    return 0;
  } catch (error) {
    const {exitCode, ...facts} = bootFailure(error, module);
    log('error', 'worker_failed', facts);
    return exitCode;
  }
}
