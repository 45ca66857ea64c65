import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {isProblem, problemText, usageProblem} from '../../src/errors.ts';
import {readPlatforms} from '../../src/image/platforms.ts';
import {makeEcho, systemRunner} from '../../src/shell/index.ts';
import type {Context} from '../../src/task.ts';
import {type Image, images, processors} from './list.ts';

// What the programs for the project's images have in common.

export const root = join(import.meta.dirname, '../..');

const write = (text: string | Uint8Array): void => void process.stderr.write(text);

/** Prints every command; Ctrl-C ends the running one. */
export function scriptContext(): Pick<Context, 'run' | 'env' | 'note' | 'signal'> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(signal));
  const echo = makeEcho({write, level: 'normal', colour: process.stderr.isTTY && !process.env['NO_COLOR']});
  const run = systemRunner({cwd: root, env: process.env, echo, signal: stop.signal, stdout: write, stderr: write});
  return {run, env: process.env, note: (text) => write(`# ${text}\n`), signal: stop.signal};
}

export interface Asked {
  readonly words: readonly string[];
  readonly fresh: boolean;
  /** Those that Node's packages exist for. */
  readonly platforms: readonly string[];
}

/** Reads the words of a command line. */
export function readWords(args: readonly string[], usage: string): Asked {
  const options = {fresh: {type: 'boolean', default: false}, platform: {type: 'string', default: ''}} as const;
  const parsed = (() => {
    try {
      return parseArgs({args: [...args], options, allowPositionals: true});
    } catch (error) {
      throw usageProblem((error as Error).message, usage);
    }
  })();
  const platforms = readPlatforms([parsed.values.platform]);
  const other = platforms.find((one) => processors[one] === undefined);
  if (other !== undefined)
    throw usageProblem(`Node has no package for ${other}`, `one or both of ${Object.keys(processors).join(', ')}`);
  return {words: parsed.positionals, fresh: parsed.values.fresh, platforms};
}

/** The images with these names; all of them for none. */
export function namedImages(names: readonly string[]): readonly Image[] {
  const unknown = names.filter((name) => !images.some((image) => image.name === name));
  if (unknown.length > 0)
    throw usageProblem(`there is no image ${unknown.join(', ')}`, `one of: ${images.map(({name}) => name).join(' ')}`);
  return names.length === 0 ? images : images.filter(({name}) => names.includes(name));
}

/** Runs a program, and prints its failure as the command does. */
export async function program(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!isProblem(error)) throw error;
    process.stderr.write(problemText(error));
    process.exitCode = error.exitCode;
  }
}
