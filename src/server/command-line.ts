import {existsSync, writeSync} from 'node:fs';
import {exitCode, usageErrorsProblem, problem, type Problem, problemText} from '../errors.ts';
import {cpuCount, heapMegabytes} from './settings/limits.ts';
import {readSettings} from './settings/reader.ts';
import type {Settings} from './settings/settings.ts';

export interface Started {
  readonly mode: 'serve' | 'check-config';
  readonly settings: Settings;
}

/**
 * What this process was told to do. Answers --help and --print-config itself, and ends with 64 where the settings are
 * wrong, with 65 where there is no such module: it returns only when there is something to serve.
 */
export async function readCommandLine(): Promise<Started> {
  const reading = readSettings({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    machine: {cpus: cpuCount(), megabytes: heapMegabytes()},
  });
  const {mode, errors, settings} = reading;
  if (mode === 'help') return await tell('help');
  if (errors.length > 0 || settings === undefined) return end(usageErrorsProblem(errors, 'serve.js --help'));
  if (mode === 'print-config') return await tell('config');
  if (!existsSync(settings.module)) {
    return end(
      problem({
        code: 'no_server_module',
        what: `the module to serve, ${reading.module}, does not exist`,
        fix: 'name the file that exports the handler',
        exitCode: exitCode.badData,
      }),
    );
  }
  return {mode, settings};

  // Most starts need no texts.
  async function tell(what: 'help' | 'config'): Promise<never> {
    const {configText, helpText} = await import('./settings/text.ts');
    writeSync(1, what === 'help' ? helpText() : configText(reading));
    process.exit(0);
  }
}

function end(error: Problem): never {
  writeSync(2, problemText(error));
  process.exit(error.exitCode);
}
