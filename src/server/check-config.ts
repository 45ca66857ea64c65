import {Server} from 'node:net';
import {pathToFileURL} from 'node:url';
import {adapt} from './load/adapt.ts';
import {bootFailure} from './load/boot-failure.ts';
import {notAHandler} from './load/service.ts';
import type {Log} from './process/log.ts';
import type {Settings} from './settings/settings.ts';

/**
 * `--check-config`: loads the service as a worker does, without listening.
 * @returns the exit code: 0; 3 (gunicorn's) when the module does not load; 65 when its default export is not a handler
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
      const {exitCode, ...fields} = notAHandler(module, exported);
      log('error', 'not_servable', fields);
      return exitCode;
    }
    log('info', 'config_ok', {
      module,
      message: listens
        ? 'the module loads and calls listen itself'
        : application === undefined
          ? 'the module loads and exports nothing; it may listen later'
          : 'the module loads and its default export can be served',
    });
    return 0;
  } catch (error) {
    const {exitCode, ...fields} = bootFailure(error, module);
    log('error', 'worker_failed', fields);
    return exitCode;
  }
}
