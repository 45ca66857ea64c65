// `npm run docs`: writes the pages that come from the code, and the table of exit codes in README.md. A unit test fails
// while one of them is out of date.
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {apiPage, readEntries} from './docs/api.ts';
import {composeTable} from './docs/compose.ts';
import {errorsPage, exitCodeTable} from './docs/errors.ts';
import {readSources} from './docs/problems.ts';
import {schemaText} from './schema.ts';

const root = join(import.meta.dirname, '..');

/** Each generated file with the text that it should have. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const init = readFileSync(join(root, 'docs/init.md'), 'utf8');
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  return new Map([
    ['docs/errors.md', errorsPage(readSources(root))],
    ['docs/init.md', init.replace(/(?<=<!-- compose: npm run docs -->\n\n)[^]*?(?=\n\n<!-- end -->)/, composeTable())],
    ['docs/deploy.schema.json', schemaText()],
    ['docs/api.md', apiPage(await readEntries(root))],
    [
      'README.md',
      readme.replace(/(?<=<!-- exit codes: npm run docs -->\n\n)[^]*?(?=\n\n<!-- end -->)/, exitCodeTable()),
    ],
  ]);
}

if (import.meta.main) {
  for (const [file, text] of await generatedFiles()) writeFileSync(join(root, file), text);
}
