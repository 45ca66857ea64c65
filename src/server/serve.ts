import {arbiter} from './arbiter.ts';
import {checkConfig} from './check-config.ts';
import {readCommandLine} from './command-line.ts';
import {serverLog} from './log.ts';
import type {Log} from './log.ts';
import {heedSignals} from './signals.ts';
import {bindSocket} from './socket.ts';
import type {BoundSocket} from './socket.ts';
import type {Settings} from './settings.ts';

// The program behind `entrypoint run`: the arbiter, which holds the socket and keeps workers.
// It stands alone and imports no task: this and the workers are all of the toolkit that is in a service's processes.

const log = serverLog();
const {mode, settings} = await readCommandLine();
process.exit(mode === 'check-config' ? await checkConfig(settings, log) : await serve(settings));

async function serve(all: Settings): Promise<number> {
  const socket = await bound(all, log);
  if (socket === undefined) return 69;
  const server = arbiter({settings: all, socket, log, heard: () => {}, gone: () => {}});
  heedSignals(server, log);
  return server.run();
}

async function bound(all: Settings, tell: Log): Promise<BoundSocket | undefined> {
  try {
    return await bindSocket(all);
  } catch (error) {
    const {code, message} = error as NodeJS.ErrnoException;
    const what = code === 'EADDRINUSE' ? `${all.bind} is taken` : code === 'EACCES' ? `${all.bind} may not be had by this user` : message;
    tell('error', 'not_listening', {message: what, fix: 'set another --bind or PORT'});
    return undefined;
  }
}
