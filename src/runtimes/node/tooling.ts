import {existsSync, realpathSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {pathToFileURL} from 'node:url';
import {executables} from '../../shell/executable.ts';
import type {Context} from '../../task.ts';
import {readText} from '../../text/file.ts';

/**
 * The Node that runs this program, as a word of a command: `node` where PATH finds the same one, else its full path.
 * A laptop's own Node can be too old to run TypeScript. ENTRYPOINT_NODE names another one, where the command was copied into
 * an image whose Node has the service's addons.
 */
export function nodeProgram(env: Context['env']): string {
  const chosen = env['ENTRYPOINT_NODE'] ?? '';
  if (chosen !== '') return chosen;
  const [first] = executables('node', {directory: '/', path: env['PATH']});
  return first !== undefined && realpathSync(first) === realpathSync(process.execPath) ? 'node' : process.execPath;
}

export interface Tool {
  /** The first word of a command run in the service's directory. */
  readonly program: string;
  /** Whether it comes from the service's own dependencies. */
  readonly own: boolean;
}

/** A program from the service's dependencies, else from the toolkit's. */
export function findTool(directory: string, name: string): Tool | undefined {
  for (const from of installedAt(directory)) {
    const file = join(from, 'node_modules', '.bin', name);
    if (existsSync(file)) return {program: relative(directory, file), own: true};
  }
  const program = besideToolkit(join('.bin', name));
  return program === undefined ? undefined : {program, own: false};
}

/** The directory of a package among the service's dependencies, else among the toolkit's. */
export function findPackage(directory: string, name: string): string | undefined {
  const own = installedAt(directory).map((from) => join(from, 'node_modules', name));
  const found = own.find((file) => existsSync(file));
  return found === undefined ? besideToolkit(name) : relative(directory, found);
}

/** Where the service's dependencies have their programs, absolute. */
export const programDirectories = (directory: string): readonly string[] =>
  installedAt(directory).map((from) => join(from, 'node_modules/.bin'));

/** The directory, and the roots of the workspaces above it, where package managers put what members share. */
function installedAt(directory: string): readonly string[] {
  const roots: string[] = [];
  for (let at = dirname(directory); ; at = dirname(at)) {
    if (existsSync(join(at, 'pnpm-workspace.yaml')) || /"workspaces"/.test(readText(join(at, 'package.json')) ?? ''))
      roots.push(at);
    if (at === dirname(at)) return [directory, ...roots];
  }
}

function besideToolkit(name: string): string | undefined {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    const path = join(at, 'node_modules', name);
    if (existsSync(path)) return path;
    if (at === dirname(at)) return undefined;
  }
}

/**
 * The environment in which Node finds dependencies that yarn installed without node_modules (Plug'n'Play): its resolver
 * is loaded first, for imports too. Empty for any other service.
 */
export function plugAndPlay(directory: string, env: Context['env']): {readonly env?: Readonly<Record<string, string>>} {
  const resolver = join(directory, '.pnp.cjs');
  if (!existsSync(resolver)) return {};
  const loader = join(directory, '.pnp.loader.mjs');
  const options = [
    `--require ${resolver}`,
    ...(existsSync(loader) ? [`--experimental-loader ${pathToFileURL(loader).href}`] : []),
  ];
  const given = env['NODE_OPTIONS'] ?? '';
  // yarn's own `run` sets the same.
  if (given.includes(resolver)) return {};
  return {env: {NODE_OPTIONS: [...options, ...(given === '' ? [] : [given])].join(' ')}};
}
