import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {images, processors} from '../../../scripts/images/list.ts';

// docs/images.md: its tables name what the code builds, and add up. test/integration/images/manual.test.ts weighs the images.

const manual = readFileSync(join(import.meta.dirname, '../../../docs/images.md'), 'utf8');

/** The rows of the table that begins with this header. */
function rowsOf(header: string): readonly (readonly string[])[] {
  const lines = manual.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${header} |`));
  assert.notEqual(start, -1, header);
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The versions in which an image exists. */
const versionsOf = (directory: string): readonly string[] =>
  images
    .filter((image) => image.directory === directory)
    .map(({tag}) => tag.split(':')[1] ?? '')
    .toSorted();

test('the table of architectures has every version on every platform', () => {
  const rows = rowsOf('architecture');
  assert.deepEqual(
    rows.map(([platform]) => platform),
    Object.keys(processors),
  );
  for (const [platform = '', versions = ''] of rows) {
    const listed = versions.split('; ').map((one) => one.split(', ').toSorted());
    assert.deepEqual(listed, [versionsOf('node-service'), versionsOf('python-service')], platform);
  }
});

test('the table of layers adds up, and its sums are those of the other table', () => {
  let [unpacked, compressed] = [0, 0];
  const sums = new Map<string, readonly [number, number]>();
  for (const [what = '', first = '', second = ''] of rowsOf('layer')) {
    const name = /^\*\*(.*)\*\*$/.exec(what)?.[1];
    const [one, two] = [first, second].map((cell) => Number(cell.replaceAll('*', ''))) as [number, number];
    if (name === undefined) {
      unpacked += one;
      compressed += two;
      continue;
    }
    assert.ok(Math.abs(unpacked - one) <= 1, `${name}: ${unpacked}, not ${one}`);
    assert.ok(Math.abs(compressed - two) <= 0.2, `${name}: ${compressed}, not ${two}`);
    sums.set(name, [one, two]);
    // The services' images are both on the base.
    [unpacked, compressed] = sums.get('base') as [number, number];
  }
  assert.deepEqual([...sums.keys()], ['base', 'node-service', 'python-service']);
  const listed = new Map(rowsOf('image').map(([image = '', , size]) => [image.replaceAll('`', ''), Number(size)]));
  for (const [name, version] of [
    ['node-service', '26'],
    ['python-service', '3.13'],
  ] as const)
    assert.equal(listed.get(`${name}:${version}`), sums.get(name)?.[0]);
});

test("the READMEs of the images have the manual's sizes", () => {
  const sizes = new Map<string, string>();
  for (const [image = '', , size = ''] of rowsOf('image')) sizes.set(image.replaceAll('`', ''), size);
  const [, base = ''] = rowsOf('layer').find(([what]) => what === '**base**') ?? [];
  sizes.set('base:26', base.replaceAll('*', ''));
  sizes.set('node:26', sizes.get('node-service:26') ?? '');
  const stated: Readonly<Record<string, RegExp>> = {
    'base:26': /^(\d+) MB in all, \d+ MB compressed/m,
    'node:26': / (\d+) MB, \d+ MB compressed\.$/m,
    'command:26': /without a system around it, (\d+) MB/,
    'postgres:17': /; (\d+) MB\. Runs as/,
    'registry:2.8': /; (\d+) MB\. Runs as/,
  };
  for (const [image, pattern] of Object.entries(stated)) {
    const readme = readFileSync(
      join(import.meta.dirname, '../../../images', image.replace(/:.*/, ''), 'README.md'),
      'utf8',
    );
    assert.equal(pattern.exec(readme)?.[1], sizes.get(image), image);
  }
});
