// `npm run house` prints figures about the structure of src, to quote before and after a change.
// `npm run house -- --arrows` writes which directory imports which to test/unit/arrows.ts. A test compares the two.
import {readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {circles, grouped, readImports, roomOf} from './imports.ts';

const src = join(import.meta.dirname, '../src');
const imports = readImports(src);
if (process.argv.includes('--arrows')) writeArrows();
else printFigures();

function printFigures(): void {
  const files = [...imports.keys()];
  const lines = files
    .map((file) => readFileSync(join(src, file), 'utf8').split('\n').length - 1)
    .toSorted((a, b) => a - b);
  const share = (of: number): number => lines[Math.min(lines.length - 1, Math.floor(lines.length * of))] ?? 0;
  const directories = Map.groupBy(files, (file) => dirname(file));
  const [widest = '', inWidest = []] = [...directories].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? [];
  const top = grouped(imports, (file) => (file.includes('/') ? (file.split('/')[0] ?? '') : '.'));
  const rows: readonly (readonly [string, string])[] = [
    ['files', String(files.length)],
    ['lines, median', String(share(0.5))],
    ['lines, 90th percentile', String(share(0.9))],
    ['directories', String(directories.size)],
    ['widest directory', `${inWidest.length} files (src/${widest})`],
    ['circles of files', String(circles(imports).length)],
    ['circles of directories', String(circles(grouped(imports, roomOf)).length)],
    ['arrows between top directories', String([...top.values()].reduce((sum, to) => sum + to.size, 0))],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(width)}  ${value}\n`);
}

function writeArrows(): void {
  const found = [...grouped(imports, roomOf)].map(([room, to]) => [room, [...to].toSorted()] as const).toSorted();
  const text = [
    '// Which directory of src imports which. Written by `npm run house -- --arrows`: a new line here is a decision.',
    '/* oxlint-disable max-lines */',
    'export const arrows: Readonly<Record<string, readonly string[]>> = {',
    ...found.map(([room, to]) => `  ${JSON.stringify(room)}: ${JSON.stringify(to)},`),
    '};',
    '',
  ].join('\n');
  writeFileSync(join(import.meta.dirname, '../test/unit/arrows.ts'), text);
}
