import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {installPackages} from './install.ts';
import {type BenchOptions, median, type Report} from './report.ts';

// Pinned, so that figures of different days are of the same programs.
const packages = ['envalid@8.2.0', '@t3-oss/env-core@0.13.11', 'zod@4.6.7', 'varlock@1.20.0'];
const limitMs = 5;
const count = 30;
const root = join(import.meta.dirname, '..');

// Thirty variables of the kinds that all of them have.
const kinds = ['text', 'integer', 'boolean', 'URL', 'port', 'enum'] as const;
const variables = Array.from({length: count}, (_, at) => ({
  name: `SHOP_${at}`,
  kind: kinds[at % kinds.length] ?? 'text',
}));
const values = {text: 'kiel', integer: '42', boolean: 'true', URL: 'https://shop.example', port: '8080', enum: 'b'};
const env = Object.fromEntries(variables.map(({name, kind}) => [name, values[kind]]));

const fields = (of: Readonly<Record<(typeof kinds)[number], string>>): string =>
  variables.map(({name, kind}) => `  ${name}: ${of[kind]},`).join('\n');

const programs: Readonly<Record<string, string>> = {
  'bare.mjs': '',
  'entrypoint.mjs': `import {defineConfig} from 'entrypoint/config';
const config = defineConfig({
${fields({text: "{type: 'text'}", integer: "{type: 'integer'}", boolean: "{type: 'boolean'}", URL: "{type: 'URL'}", port: "{type: 'port'}", enum: "{type: 'enum', choices: ['a', 'b']}"})}
}).read();
if (config.SHOP_1 !== 42) throw new Error('not read');`,
  'envalid.mjs': `import {bool, cleanEnv, num, port, str, url} from 'envalid';
const config = cleanEnv(process.env, {
${fields({text: 'str()', integer: 'num()', boolean: 'bool()', URL: 'url()', port: 'port()', enum: "str({choices: ['a', 'b']})"})}
});
if (config.SHOP_1 !== 42) throw new Error('not read');`,
  't3.mjs': `import {createEnv} from '@t3-oss/env-core';
import {z} from 'zod';
const config = createEnv({server: {
${fields({text: 'z.string()', integer: 'z.coerce.number().int()', boolean: 'z.stringbool()', URL: 'z.url()', port: 'z.coerce.number().int().min(1).max(65535)', enum: "z.enum(['a', 'b'])"})}
}, runtimeEnv: process.env});
if (config.SHOP_1 !== 42) throw new Error('not read');`,
  'varlock.mjs': `import 'varlock/auto-load';
import {ENV} from 'varlock/env';
if (ENV.SHOP_1 !== 42) throw new Error('not read');`,
  '.env.schema': `# @defaultRequired=true @defaultSensitive=false
# ---
${variables
  .map(({name, kind}) => {
    const type = {
      text: 'string',
      integer: 'number(isInt=true)',
      boolean: 'boolean',
      URL: 'url',
      port: 'port',
      enum: 'enum(a, b)',
    }[kind];
    return `# @type=${type}\n${name}=\n`;
  })
  .join('\n')}`,
};

const own = new Set(['bare.mjs', 'entrypoint.mjs']);
const contenders = [
  {what: 'node', file: 'bare.mjs'},
  {what: 'entrypoint/config', file: 'entrypoint.mjs'},
  {what: 'envalid', file: 'envalid.mjs'},
  {what: 't3-env with zod', file: 't3.mjs'},
  {what: 'varlock', file: 'varlock.mjs'},
];

/** Measures how much a start of Node takes longer for thirty validated variables, beside other libraries. */
export async function bench(note: (text: string) => void, {quick}: BenchOptions): Promise<Report> {
  const rounds = quick ? 9 : 41;
  const directory = installPackages('config', packages, note);
  const work = mkdtempSync(join(directory, 'run-'));
  try {
    for (const [name, text] of Object.entries(programs)) writeFileSync(join(work, name), `${text}\n`);
    writeFileSync(join(work, 'package.json'), '{"type": "module"}\n');
    // Not beside the peers, which outlast this run: the command under test is this checkout's.
    mkdirSync(join(work, 'node_modules'));
    symlinkSync(root, join(work, 'node_modules/entrypoint'));
    const cache = join(work, 'compile-cache');
    const present = contenders.filter(({what, file}) => {
      const {status, stderr} = start(work, cache, file);
      if (status === 0) return true;
      if (own.has(file)) throw new Error(`${what} does not start: ${stderr.trim()}`);
      note(`skipped: ${what} (${stderr.trim().split('\n').at(-1)})`);
      return false;
    });
    note(`${rounds} starts of each, interleaved, all with Node's compile cache`);
    const times = new Map<string, number[]>(present.map(({what}) => [what, []]));
    // The first rounds fill the cache. They do not count.
    for (let round = -2; round < rounds; round += 1)
      for (const {what, file} of present) {
        const began = performance.now();
        start(work, cache, file);
        if (round >= 0) times.get(what)?.push(performance.now() - began);
      }
    const left = leftBehind(work, cache);
    const of = (what: string): number => median(times.get(what) ?? []);
    const bare = of('node');
    const added = of('entrypoint/config') - bare;
    const passed = added <= limitMs && left === 0;
    return {
      name: 'config',
      about: `milliseconds from the start of Node to its end, for ${count} validated variables: median of ${rounds}; the ratio is of the added time, to entrypoint/config`,
      columns: ['ms', 'added ms'],
      rows: present
        .map(({what}) => ({what, figures: [of(what), of(what) - bare], ratio: (of(what) - bare) / added}))
        .toSorted((a, b) => Number(b.what === 'entrypoint/config') - Number(a.what === 'entrypoint/config')),
      notes: [
        `limit: at most ${limitMs} ms more than Node alone: ${added <= limitMs ? 'kept' : 'NOT KEPT'}`,
        `processes left by entrypoint/config while the service runs: ${left}`,
      ],
      passed,
    };
  } finally {
    rmSync(work, {recursive: true, force: true});
  }
}

function start(cwd: string, cache: string, file: string): {status: number | null; stderr: string} {
  const {status, stderr} = spawnSync(process.execPath, [file], {
    cwd,
    env: {PATH: process.env['PATH'], HOME: cwd, NODE_COMPILE_CACHE: cache, ...env},
    encoding: 'utf8',
  });
  return {status, stderr};
}

/** Child processes and parents of our own that a program has after it read its configuration. */
function leftBehind(cwd: string, cache: string): number {
  writeFileSync(
    join(cwd, 'children.mjs'),
    `${programs['entrypoint.mjs']}\nimport {readFileSync} from 'node:fs';\nconsole.log(readFileSync(\`/proc/self/task/\${process.pid}/children\`, 'utf8').trim().split(' ').filter(Boolean).length);\n`,
  );
  const {stdout} = spawnSync(process.execPath, ['children.mjs'], {
    cwd,
    env: {PATH: process.env['PATH'], NODE_COMPILE_CACHE: cache, ...env},
    encoding: 'utf8',
  });
  return Number(stdout.trim() || 'NaN');
}
