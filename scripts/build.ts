// Bundles the CLI, the library and the standard tasks into dist/, with one copy of shared code, and writes their type
// declarations if TypeScript is installed. Does nothing if no input has changed.
import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import type {BuildOptions} from 'esbuild';
import {chunks, importedLater} from './chunks.ts';
import {lazyBuiltins} from './lazy-builtins.ts';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
// `entrypoint` and `entrypoint/tasks`.
const library = {index: 'src/index.ts', tasks: 'src/tasks/index.ts'};
const stamp = join(dist, '.inputs');
const tsc = join(root, 'node_modules/.bin/tsc');

const inputs = inputsHash();
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === inputs) process.exit(0);

const started = performance.now();
// Built next to dist and then renamed, so a command that starts meanwhile finds a complete dist.
const fresh = `${dist}.${process.pid}`;
try {
  await bundle(fresh);
  declarations(fresh);
  writeFileSync(join(fresh, '.inputs'), inputs);
  const old = `${fresh}.old`;
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, {recursive: true, force: true});
} catch (error) {
  rmSync(fresh, {recursive: true, force: true});
  throw error;
}
process.stderr.write(`# built dist/ in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);

function inputsHash(): string {
  const files = [
    ...globSync('src/**/*.ts', {cwd: root}),
    'scripts/build.ts',
    'scripts/chunks.ts',
    'scripts/lazy-builtins.ts',
    'tsconfig.json',
    'package.json',
    'package-lock.json',
  ];
  const hash = createHash('sha256').update(existsSync(tsc) ? 'types' : 'no types');
  for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

async function bundle(outdir: string): Promise<void> {
  const {build} = await import('esbuild');
  const common: BuildOptions = {
    absWorkingDir: root,
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // A library's CommonJS form can load its files by names that only running it shows.
    mainFields: ['module', 'main'],
    // Every start reads and hashes comments and line breaks. Names stay, for stack traces and debuggers.
    minifyWhitespace: true,
    legalComments: 'eof',
    logLevel: 'warning',
    plugins: [lazyBuiltins],
  };
  await build({
    ...common,
    entryPoints: {cli: 'src/cli/bin.ts', ...library},
    splitting: true,
    plugins: [
      lazyBuiltins,
      chunks(root, [
        {root: 'src/cli/all.ts', parts: [...Object.values(library), ...importedLater(root)]},
        // Most of what works with an engine needs most of this.
        {root: 'src/deploy/index.ts', parts: ['src/index.ts', ...globSync('src/tasks/work/*.ts', {cwd: root})]},
      ]),
    ],
    // In the directory of the entry point, so that code which finds files through `import.meta` works in a chunk too.
    chunkNames: '[name]-[hash]',
  });
  // The program that `entrypoint run` becomes, its processes and their threads: one file each, for a fast start.
  const server = Object.fromEntries(
    ['serve', 'worker/worker', 'watchdog/watchdog', 'threads/thread/pool-thread'].map((name) => [
      basename(name),
      `src/server/${name}.ts`,
    ]),
  );
  // `entrypoint/server`, the library: it finds the programs of the workers next to itself.
  await build({...common, entryPoints: {...server, server: 'src/server/index.ts'}});
  // `entrypoint/config`, which every start of a service reads. Its errors have no stack, so that its names serve no
  // reader. In short lines: Node prints the line that throws, where nothing catches what it throws.
  await build({
    ...common,
    minify: true,
    lineLimit: 120,
    entryPoints: {config: 'src/config/declaration/index.ts'},
  });
  // `entrypoint/log`: of no use to the command, and read by services that import it alone.
  await build({...common, entryPoints: {log: 'src/log/index.ts'}});
}

function declarations(outdir: string): void {
  if (!existsSync(tsc)) return;
  mkdirSync(join(outdir, 'types'), {recursive: true});
  const config = join(outdir, 'tsconfig.types.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: join(root, 'src'),
    outDir: join(outdir, 'types'),
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const entries = ['index', 'tasks/index', 'server/index', 'config/declaration/index', 'log/index'];
  const files = entries.map((entry) => join(root, 'src', `${entry}.ts`));
  writeFileSync(config, JSON.stringify({extends: join(root, 'tsconfig.json'), compilerOptions, files, include: []}));
  const {status} = spawnSync(tsc, ['--project', config], {stdio: ['ignore', 2, 2]});
  rmSync(config);
  if (status !== 0) throw new Error('tsc could not write the type declarations');
  const used = new Set<string>();
  for (const entry of entries) addUsed(join(outdir, 'types', `${entry}.d.ts`), used);
  for (const file of globSync('types/**/*.d.ts', {cwd: outdir}).map((name) => join(outdir, name)))
    if (!used.has(file)) rmSync(file);
}

/** Adds a declaration and those that it imports: tsc also writes those that only the code needs, more than half. */
function addUsed(file: string, used: Set<string>): void {
  if (used.has(file) || !existsSync(file)) return;
  used.add(file);
  for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(/(?:\bfrom |\bimport\()['"](\.[^'"]+)\.ts['"]/g))
    addUsed(join(dirname(file), `${path}.d.ts`), used);
}
