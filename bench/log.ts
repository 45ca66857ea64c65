import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {installPackages} from './install.ts';
import {type BenchOptions, median, type Report} from './report.ts';

// Pinned, so that figures of different days are of the same programs.
const packages = ['pino@10.4.0', 'winston@3.19.0'];
const limit = 1.15;
const root = join(import.meta.dirname, '..');

const contenders: Readonly<Record<string, string>> = {
  'entrypoint/log': `import {log} from 'entrypoint/log';`,
  'pino alone': `import {pino} from 'pino';
const log = pino();`,
  // What a service adds to pino by itself: a trace, a number, redaction by paths.
  'pino, same fields': `import {pino, stdTimeFunctions} from 'pino';
let seq = 0;
const log = pino({
  messageKey: 'message',
  timestamp: stdTimeFunctions.isoTime,
  base: {pid: process.pid, instance: 'k3v9x0a2b1'},
  formatters: {level: (level) => ({level, severity_text: level.toUpperCase()})},
  mixin: () => ({seq: seq += 1}),
  redact: ['password', '*.password', 'headers.authorization', '*.headers.authorization'],
});`,
  winston: `import {createLogger, format, transports} from 'winston';
const {combine, errors, json, timestamp} = format;
const winston = createLogger({format: combine(errors({stack: true}), timestamp(), json()), transports: [new transports.Console()]});
const wrap = (logger) => ({
  info: (fields, message) => (message === undefined ? logger.info(fields) : logger.info(message, fields)),
  error: (fields, message) => logger.error(message, fields),
  child: (fields) => wrap(logger.child(fields)),
});
const log = wrap(winston);`,
};

// Half of a service's lines have a few fields; one in twenty is an error.
const program = `
const child = log.child({component: 'orders', tenant: 'kiel'});
const error = new Error('the bank did not answer', {cause: new Error('connect ECONNREFUSED 10.0.0.7:5432')});
function lines(count) {
  for (let at = 0; at < count; at += 20) {
    for (let one = 0; one < 5; one += 1) log.info('order placed');
    for (let one = 0; one < 8; one += 1) log.info({order: at + one, total: 129.5, currency: 'EUR', customer: 'c-1831'}, 'order placed');
    for (let one = 0; one < 4; one += 1) child.info({order: at, express: true}, 'order packed');
    for (let one = 0; one < 2; one += 1) log.info({order: {id: at, items: [{sku: 'A-1', count: 2}, {sku: 'B-7', count: 1}]}, headers: {accept: 'text/html', host: 'shop.example'}}, 'order read');
    log.error({err: error, order: at}, 'order not paid');
  }
}
const count = Number(process.argv[2]);
lines(20_000);
// Streams of winston write later.
await new Promise((resolve) => setTimeout(resolve, 50));
const before = process.cpuUsage();
lines(count);
await new Promise((resolve) => setImmediate(resolve));
process.on('exit', () => {
  const {user, system} = process.cpuUsage(before);
  process.stderr.write(String((user + system) / count));
});
`;

const kept = (holds: boolean): string => (holds ? 'kept' : 'NOT KEPT');

/** Measures the CPU time of a line in a mix of a service's lines, beside pino and winston. */
export async function bench(note: (text: string) => void, {quick}: BenchOptions): Promise<Report> {
  const [rounds, count] = quick ? [5, 100_000] : [15, 200_000];
  const directory = installPackages('log', packages, note);
  const work = mkdtempSync(join(directory, 'run-'));
  try {
    writeFileSync(join(work, 'package.json'), '{"type": "module"}\n');
    mkdirSync(join(work, 'node_modules'));
    symlinkSync(root, join(work, 'node_modules/entrypoint'));
    const names = Object.keys(contenders);
    for (const [at, name] of names.entries()) writeFileSync(join(work, `${at}.mjs`), `${contenders[name]}\n${program}`);
    const present = names.filter((name, at) => {
      const {status, stderr} = run(work, at, 20);
      if (status === 0) return true;
      if (name === 'entrypoint/log') throw new Error(`${name} does not run: ${stderr}`);
      note(`skipped: ${name} (${stderr.trim().split('\n').at(-1)})`);
      return false;
    });
    note(`${rounds} runs of ${count} lines each, in turn`);
    const times = new Map<string, number[]>(present.map((name) => [name, []]));
    for (let round = 0; round < rounds; round += 1)
      for (const name of present) times.get(name)?.push(Number(run(work, names.indexOf(name), count).stderr));
    const of = (name: string): number => median(times.get(name) ?? []);
    const own = of('entrypoint/log');
    const [pino, winston] = [own / of('pino alone'), own / of('winston')];
    return {
      name: 'log',
      about: `microseconds of CPU for a line to /dev/null: median of ${rounds} runs of ${count} lines; the ratio is to entrypoint/log`,
      columns: ['us'],
      rows: present.map((name) => ({what: name, figures: [of(name)], ratio: of(name) / own})),
      notes: [
        `limit: at most ${limit} x pino alone: ${pino.toFixed(2)} x, ${kept(pino <= limit)}`,
        `limit: below winston: ${winston.toFixed(2)} x, ${kept(winston < 1)}`,
      ],
      passed: pino <= limit && winston < 1,
    };
  } finally {
    rmSync(work, {recursive: true, force: true});
  }
}

function run(cwd: string, at: number, count: number): {status: number | null; stderr: string} {
  const {status, stderr} = spawnSync(process.execPath, [`${at}.mjs`, String(count)], {
    cwd,
    env: {PATH: process.env['PATH']},
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  return {status, stderr};
}
