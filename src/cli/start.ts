import {readFileSync} from 'node:fs';
import {exitCode} from '../errors.ts';
import {fdWriter, isTerminal} from '../shell/output.ts';
import {main} from './main.ts';
import {reportText, thrownProblem} from './report.ts';
import type {World} from './world.ts';

/** Runs the command line of this process and sets its exit code. */
export async function start(): Promise<void> {
  const stderr = fdWriter(2);
  const world = processWorld(stderr);
  let ended = false;
  // Node would exit with 0 when a task awaits a promise that never settles.
  process.once('exit', () => {
    if (ended) return;
    stderr('entrypoint: a task never finished: it awaits a promise that never settles\n');
    process.exitCode = exitCode.failed;
  });
  process.once('uncaughtException', (error, origin) => {
    ended = true;
    const found = thrownProblem(
      error,
      process.cwd(),
      origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception',
    );
    stderr(reportText(found, {colour: false, verbose: world.argv.includes('--verbose')}));
    process.exit(found.exitCode);
  });
  const {code, gaveUp} = await main(world);
  ended = true;
  process.exitCode = code;
  // A task that ignored the interrupt keeps the event loop alive.
  if (gaveUp) process.exit();
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
// Bundled, this file is next to index.js and tasks.js; as source, one directory below index.ts.
const source = import.meta.url.endsWith('.ts');

function processWorld(stderr: World['stderr']): World {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    stdout: fdWriter(1),
    stderr,
    isTerminal,
    columns: () => (isTerminal(1) ? process.stdout.columns : undefined),
    onSignal(listener) {
      for (const name of signals) process.on(name, listener);
      return () => {
        for (const name of signals) process.off(name, listener);
      };
    },
    chdir: (directory) => process.chdir(directory),
    version: () =>
      (
        JSON.parse(
          readFileSync(new URL(source ? '../../package.json' : '../package.json', import.meta.url), 'utf8'),
        ) as {version: string}
      ).version,
    own: {
      index: new URL(source ? '../index.ts' : './index.js', import.meta.url).href,
      tasks: new URL(source ? '../tasks/index.ts' : './tasks.js', import.meta.url).href,
      config: new URL(source ? '../config/declaration/index.ts' : './config.js', import.meta.url).href,
      log: new URL(source ? '../log/index.ts' : './log.js', import.meta.url).href,
    },
  };
}
