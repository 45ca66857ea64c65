import {messageOf} from '../errors.ts';
import {arbiter} from './arbiter/arbiter.ts';
import {dispatchWarning} from './arbiter/dispatch-warning.ts';
import type {Reloading} from './arbiter/reload.ts';
import {heedSignals} from './arbiter/signals.ts';
import {bindSocket, type BoundSocket, connectionsWithin} from './arbiter/socket.ts';
import {checkConfig} from './check-config.ts';
import {readCommandLine} from './command-line.ts';
import {addressFailure} from './load/listening.ts';
import {type Log, serverLog} from './process/log.ts';
import type {Settings} from './settings/settings.ts';

// The program behind `entrypoint run`: the arbiter, which holds the socket and keeps workers.
// It stands alone and imports no task: this and the workers are all of the toolkit that is in a service's processes.

const log = serverLog();
// Workers then finish what they have and end: see worker.ts.
process.on('uncaughtException', (error) => {
  log('error', 'arbiter_failed', {
    message: messageOf(error),
    stack: error.stack,
    fix: 'this is a fault of the server: please report it',
  });
  process.exit(70);
});
const {mode, settings} = await readCommandLine();
process.exit(mode === 'check-config' ? await checkConfig(settings, log) : await serve(settings));

async function serve(said: Settings): Promise<number> {
  const maxConnections = connectionsWithin(said.maxConnections);
  if (maxConnections < said.maxConnections)
    log('info', 'connections_limited', {
      connections: maxConnections,
      message: `a worker takes ${maxConnections} connections, not ${said.maxConnections}: more descriptors it may not open`,
      fix: 'raise `ulimit -n`, or lower --max-connections',
    });
  const all = {...said, maxConnections};
  const warning = dispatchWarning(all.dispatch);
  if (warning !== undefined) log('warning', 'dispatch', warning);
  const socket = await bound(all, log);
  if (socket === undefined) return 69;
  const operations = all.adminBind === undefined ? undefined : (await import('./arbiter/operations.ts')).operations();
  let reloading: Reloading | undefined;
  const server = arbiter({
    settings: all,
    socket,
    log: operations?.counting(log) ?? log,
    heard: (_, message) => {
      if (message.type === 'loaded') reloading?.loaded(message.files);
    },
    gone: operations?.gone ?? (() => {}),
  });
  if (operations !== undefined && !(await operations.listen(all, server.state, log))) return 69;
  if (all.reload) reloading = (await import('./arbiter/reload.ts')).reloadOnChange(all.module, server, log);
  heedSignals(server, log);
  return server.run();
}

async function bound(all: Settings, tell: Log): Promise<BoundSocket | undefined> {
  try {
    return await bindSocket(all);
  } catch (error) {
    const {message, fix} = addressFailure(all.bind, error) ?? {message: messageOf(error)};
    tell('error', 'not_listening', {message, fix});
    return undefined;
  }
}
