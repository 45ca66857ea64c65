// npm run bench -- NAME [--json] [--check] [--quick | --full]: measures alternatives in turn and prints a table, or JSON.
import {readdirSync} from 'node:fs';
import {type Bench, reportTable} from './report.ts';

// An interrupted benchmark exits like any other, so that its `exit` handlers remove what it has started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && !['main.ts', 'report.ts'].includes(file))
  .map((file) => file.slice(0, -3));
const words = process.argv.slice(2);
const name = words.find((word) => !word.startsWith('--')) ?? '';
const unknown = words.filter(
  (word) => word.startsWith('--') && !['--json', '--check', '--quick', '--full'].includes(word),
);

if (!names.includes(name) || unknown.length > 0) {
  process.stderr.write(
    `usage: npm run bench -- NAME [--json] [--check] [--quick | --full]\nNAME is one of: ${names.join(', ')}\n--check: exit with 1 if a limit is exceeded\n--quick, --full: fewer rounds, or the long measurements too (server)\n`,
  );
  process.exitCode = 64;
} else {
  const {bench} = (await import(`./${name}.ts`)) as {bench: Bench};
  const report = await bench((text) => process.stderr.write(`# ${text}\n`), {
    quick: words.includes('--quick'),
    full: words.includes('--full'),
  });
  process.stdout.write(words.includes('--json') ? `${JSON.stringify(report, undefined, 2)}\n` : reportTable(report));
  if (words.includes('--check') && !report.passed) process.exitCode = 1;
}
