import {existsSync, writeSync} from 'node:fs';
import {resolve} from 'node:path';
import {exitCode, usageErrorsProblem, problem, type Problem, problemText} from '../errors.ts';
import type {DeprecatedVariable} from './settings/given.ts';
import {cpuCount, heapMegabytes} from './settings/limits.ts';
import {readSettings} from './settings/reader.ts';
import type {Settings} from './settings/settings.ts';

export interface Started {
  readonly mode: 'serve' | 'check-config';
  readonly settings: Settings;
  /** @see deprecationText */
  readonly deprecated: readonly DeprecatedVariable[];
}

/**
 * Reads the settings of this process. Prints --help and --print-config itself, exits with 64 for wrong settings and
 * with 65 for a missing module: it returns only when there is something to serve or check.
 */
export async function readCommandLine(): Promise<Started> {
  const reading = readSettings({
    argv: process.argv.slice(2),
    env: process.env,
    cwd: process.cwd(),
    machine: {cpus: cpuCount(), megabytes: heapMegabytes()},
  });
  const {mode, errors, settings, module} = reading;
  if (mode === 'help') return await print('help');
  const isMissing = module !== undefined && !existsSync(resolve(module));
  const missing = {what: `no such module: ${module}`, fix: 'name the file that exports the handler'};
  if (errors.length > 0 || settings === undefined)
    return end(usageErrorsProblem([...errors, ...(isMissing ? [missing] : [])], 'serve.js --help'));
  if (mode === 'print-config') return await print('config');
  if (isMissing) return end(problem({...missing, code: 'no_server_module', exitCode: exitCode.badData}));
  return {mode, settings, deprecated: reading.deprecated};

  // Imported here: most starts print neither.
  async function print(what: 'help' | 'config'): Promise<never> {
    const {configText, helpText} = await import('./settings/text.ts');
    writeSync(1, what === 'help' ? helpText() : configText(reading));
    process.exit(exitCode.ok);
  }
}

function end(error: Problem): never {
  writeSync(2, problemText(error));
  process.exit(error.exitCode);
}
