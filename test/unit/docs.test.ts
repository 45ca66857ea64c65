import assert from 'node:assert/strict';
import {existsSync, globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {generatedFiles} from '../../scripts/docs.ts';
import {readEntries, undocumented} from '../../scripts/docs/api.ts';
import {errorsPage} from '../../scripts/docs/errors.ts';
import {announcedCodes, problemCodes, readSources} from '../../scripts/docs/problems.ts';
import {exitCodes} from '../../src/errors.ts';

const root = join(import.meta.dirname, '../..');
const sources = readSources(root);
const pages = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...globSync('docs/*.md', {cwd: root})];
const textOf = (page: string): string => readFileSync(join(root, page), 'utf8');

test('the generated pages are those of the code: npm run docs', async () => {
  for (const [file, text] of await generatedFiles()) assert.equal(textOf(file), text, `${file} is old: npm run docs`);
});

test('every code that a docstring announces is the code of a problem', () => {
  const known = new Set(problemCodes(sources).map(({code}) => code));
  const unknown = announcedCodes(sources).filter(({code}) => !known.has(code));
  assert.deepEqual(
    unknown.map(({code, place}) => `${place}: no problem has the code ${code}`),
    [],
  );
});

const withFile = (text: string): string => errorsPage(new Map([...sources, ['src/new.ts', text]]));

test('a code without a meaning, two exit codes for one code, and a computed code are refused', () => {
  assert.throws(() => withFile(`throw problem({what: '', code: 'new_code'});`), /meanings\.ts has no new_code/);
  assert.throws(() => withFile(`throw problem({code: 'locked', exitCode: exitCode.usage});`), /locked ends with/);
  assert.throws(() => withFile(`throw problem({code: codeOf(error)});`), /src\/new\.ts:1: .* must be a literal/);
  assert.throws(() => errorsPage(new Map()), /no problem has the code backing_services_on_many_hosts, /);
});

test('everything that the package exports has a docstring, and what can be called an example', async () => {
  assert.deepEqual(undocumented(await readEntries(root)), []);
});

test('the pages name only exit codes that exist', () => {
  const known = new Set(exitCodes.map(({code}) => String(code)));
  for (const page of pages) {
    const tables = [...textOf(page).matchAll(/^\| (?:exit )?code \|.*\n\|[-|]+\n((?:\|.*\n)+)/gm)];
    const cells = tables.flatMap(([, rows = '']) => rows.split('\n').map((row) => row.split('|')[1] ?? ''));
    const paragraphs = textOf(page).match(/^Exit codes:(?:.+\n)+/gm) ?? [];
    for (const [number] of [...cells, ...paragraphs].join(' ').matchAll(/\b\d+\b/g))
      assert.ok(known.has(number), `${page}: exit code ${number}`);
  }
});

test('every link to a file of the project leads somewhere', () => {
  for (const page of pages) {
    for (const [, target = ''] of textOf(page).matchAll(/\]\((?!\w+:|#)([^)#]+)[^)]*\)/g))
      assert.ok(existsSync(join(root, page, '..', target)), `${page}: ${target}`);
  }
});

test('every link within a page leads to a heading', () => {
  for (const page of pages) {
    const text = textOf(page).replaceAll(/^```[^]*?^```$/gm, '');
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    );
    for (const [, anchor = ''] of text.matchAll(/\]\(#([^)]+)\)/g))
      assert.equal(headings.filter((one) => one === anchor).length, 1, `${page}: #${anchor}`);
  }
});

test('the index of the manual names every page', () => {
  const index = textOf('docs/README.md');
  for (const page of globSync('*.md', {cwd: join(root, 'docs')}))
    assert.ok(page === 'README.md' || index.includes(`(${page})`), page);
});
