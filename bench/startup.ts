import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {median, type Report} from './report.ts';

const runs = 20;
const limit = 1.6;
const entrypoint = join(import.meta.dirname, '../bin/entrypoint');
const node = process.execPath;

interface Contender {
  readonly what: string;
  readonly words: readonly string[];
  readonly cwd: string;
}

interface Sample {
  readonly cpu: number;
  readonly wall: number;
}

/** Measures what listing the tasks costs, against an idle Node and against comparable tools. */
export async function bench(note: (text: string) => void): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'entrypoint-bench-'));
  try {
    const peers = [invoke(directory, note), make(directory, note)];
    const contenders: readonly Contender[] = [
      {what: 'node -e 0', words: [node, '-e', '0'], cwd: directory},
      {what: 'entrypoint -l, with a tasks.ts', words: [entrypoint, '-l'], cwd: serviceWithTasks(directory)},
      {what: 'entrypoint -l, without', words: [entrypoint, '-l'], cwd: serviceWithoutTasks(directory)},
      ...peers.filter((peer) => peer !== undefined),
    ];
    note(`${runs} runs of each of ${contenders.length} commands, interleaved`);
    const samples = contenders.map((): Sample[] => []);
    // The first round fills caches. It does not count.
    for (let run = -1; run < runs; run += 1) {
      for (const [index, contender] of contenders.entries()) {
        const sample = measure(contender, directory);
        if (run >= 0) samples[index]?.push(sample);
      }
    }
    return report(contenders, samples);
  } finally {
    rmSync(directory, {recursive: true, force: true});
  }
}

function report(contenders: readonly Contender[], samples: readonly (readonly Sample[])[]): Report {
  const cpu = samples.map((list) => median(list.map((sample) => sample.cpu)));
  const wall = samples.map((list) => median(list.map((sample) => sample.wall)));
  const ratio = (index: number): number => (cpu[index] ?? Number.NaN) / (cpu[0] ?? Number.NaN);
  const ours = contenders.flatMap(({words}, index) => (words[0] === entrypoint ? [ratio(index)] : []));
  const passed = ours.every((found) => found <= limit);
  return {
    name: 'startup',
    about: `CPU time (user and system) of listing the tasks: median of ${runs} interleaved runs; the ratio is of CPU time, to node -e 0`,
    columns: ['CPU ms', 'wall ms'],
    rows: contenders.map(({what}, index) => ({
      what,
      figures: [cpu[index] ?? Number.NaN, wall[index] ?? Number.NaN],
      ratio: ratio(index),
    })),
    notes: [`limit: entrypoint -l at most ${limit} x node -e 0: ${passed ? 'kept' : 'NOT KEPT'}`],
    passed,
  };
}

// bash's `time` reads the CPU time of the children it waited for, in milliseconds; Node has no call for it.
function measure({what, words, cwd}: Contender, directory: string): Sample {
  const script = 'TIMEFORMAT="%3R %3U %3S"; time "$@" >/dev/null 2>/dev/null';
  const {stderr, status, error} = spawnSync('bash', ['-c', script, 'bash', ...words], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {PATH: process.env['PATH'], HOME: directory, LANG: 'C'},
  });
  if (error !== undefined)
    throw new Error('bash is not installed: this benchmark measures with its `time`', {cause: error});
  const match = /^([\d.]+) ([\d.]+) ([\d.]+)$/m.exec(stderr);
  if (status !== 0 || match === null) throw new Error(`${what} failed: ${stderr}`);
  const [, wall = '', user = '', system = ''] = match;
  return {cpu: (Number(user) + Number(system)) * 1000, wall: Number(wall) * 1000};
}

function serviceWithTasks(directory: string): string {
  const cwd = join(directory, 'with');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), '{"type": "module"}\n');
  writeFileSync(
    join(cwd, 'tasks.ts'),
    `
export {staticAnalysis, testUnit, testIntegration, build, publish, promote, deploy, run, testSanity} from 'entrypoint/tasks';
import {option, task} from 'entrypoint/tasks';
export const migrate = task('Bring the database schema up to date', {}, async ({run}) => {
  await run(['node', 'scripts/migrate.ts']);
});
export const seed = task('Load sample products', {rows: option.number('how many products', {default: 100})}, async ({run}, {rows}) => {
  await run(['node', 'scripts/seed.ts', '--rows', String(rows)]);
});
`,
  );
  return cwd;
}

function serviceWithoutTasks(directory: string): string {
  const cwd = join(directory, 'without');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'package.json'), '{"type": "module"}\n');
  return cwd;
}

const tasks = [
  'static_analysis',
  'test_unit',
  'test_integration',
  'build',
  'publish',
  'promote',
  'deploy',
  'run',
  'test_sanity',
  'migrate',
  'seed',
];

// Python's invoke, whose command line ours follows, in a temporary virtual environment.
function invoke(directory: string, note: (text: string) => void): Contender | undefined {
  const venv = join(directory, 'venv');
  note('installing invoke into a virtual environment');
  const made = [
    ['python3', '-m', 'venv', venv],
    [join(venv, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', 'invoke'],
  ].every(([program = '', ...words]) => spawnSync(program, words, {stdio: 'ignore', timeout: 120_000}).status === 0);
  if (!made) {
    note('skipped: invoke (python3 -m venv or pip install invoke failed)');
    return undefined;
  }
  const cwd = join(directory, 'invoke');
  mkdirSync(cwd);
  writeFileSync(
    join(cwd, 'tasks.py'),
    `from invoke import task\n${tasks.map((name) => `\n@task\ndef ${name}(c, rows=100):\n    "Do ${name}"\n`).join('')}`,
  );
  return {what: 'invoke --list', words: [join(venv, 'bin/invoke'), '--list'], cwd};
}

function make(directory: string, note: (text: string) => void): Contender | undefined {
  if (spawnSync('make', ['--version'], {stdio: 'ignore'}).status !== 0) {
    note('skipped: make (not installed)');
    return undefined;
  }
  const cwd = join(directory, 'make');
  mkdirSync(cwd);
  writeFileSync(join(cwd, 'Makefile'), `list:\n${tasks.map((name) => `\t@echo ${name}\n`).join('')}`);
  return {what: 'make list', words: ['make', 'list'], cwd};
}
