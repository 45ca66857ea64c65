import {exitCode, messageOf} from '../errors.ts';
import {handleSignals} from './arbiter/signals.ts';
import {bindServer} from './bind-server.ts';
import {checkConfig} from './check-config.ts';
import {readCommandLine} from './command-line.ts';
import {serverLog} from './process/log.ts';
import {deprecationText} from './settings/deprecated.ts';
import type {Settings} from './settings/settings.ts';

// The program that `entrypoint run` becomes: the arbiter, which holds the socket and keeps the workers. It imports no
// task: this process and its workers run nothing else of the toolkit.

const log = serverLog();
// The workers finish their requests and exit, @see worker.ts.
process.on('uncaughtException', (error) => {
  log('error', 'arbiter_failed', {
    message: messageOf(error),
    stack: error.stack,
    fix: 'report it: this is a bug in the server',
  });
  process.exit(exitCode.internal);
});
const {mode, settings: given, deprecated} = await readCommandLine();
const warning = deprecationText(deprecated);
if (warning !== undefined) log('warning', 'deprecated_variables', warning);
process.exit(mode === 'check-config' ? await checkConfig(given, log) : await run(given));

async function run(settings: Settings): Promise<number> {
  const server = await bindServer(settings, log);
  if ('exitCode' in server) {
    const {exitCode: code, ...fields} = server;
    log('error', 'not_listening', fields);
    return code;
  }
  handleSignals(server.arbiter, log);
  return server.run();
}
