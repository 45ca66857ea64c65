import assert from 'node:assert/strict';
import {globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {test} from 'node:test';
import {temporaryDirectory} from '../support/directory.ts';
import {entrypoint, serviceIn} from '../support/service.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/tasks.md'), 'utf8');

// The code of docs/tasks.md, by the name of the file in its first line.
const blocks = [...page.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map(([, language, text = '']) => ({language, text}));
const nameOf = (text: string): string | undefined => /^\/\/ (\S+\.ts)\n/.exec(text)?.[1];

// A service whose only dependencies are this package and Node's types.
const directory = temporaryDirectory();
const {must} = serviceIn(directory);
const write = (file: string, text: string): void => {
  mkdirSync(dirname(join(directory, file)), {recursive: true});
  writeFileSync(join(directory, file), text);
};
for (const {text} of blocks) write(nameOf(text) ?? 'no-name.ts', text);
write('package.json', '{"name": "shop", "private": true, "type": "module"}');
mkdirSync(join(directory, 'node_modules/@types'), {recursive: true});
symlinkSync(root, join(directory, 'node_modules/entrypoint'));
symlinkSync(join(root, 'node_modules/@types/node'), join(directory, 'node_modules/@types/node'));

test('every block of docs/tasks.md is a file of TypeScript', () => {
  assert.ok(blocks.length >= 5);
  for (const {language, text} of blocks) assert.ok(language === 'ts' && nameOf(text) !== undefined, text);
});

// Also the declarations themselves: a service can have `skipLibCheck: false`.
test('a service in strict TypeScript compiles against the declarations of the package', () => {
  for (const file of globSync('examples/*/tasks.ts', {cwd: root})) write(file, readFileSync(join(root, file), 'utf8'));
  write(
    'types.ts',
    `import {readService, type Context} from 'entrypoint';
     import {serve, type RunningServer} from 'entrypoint/server';
     export const start = (): Promise<RunningServer> => serve({module: 'app.js', workers: 2});
     export async function host(context: Context): Promise<string | undefined> {
       const {deployFile} = await readService(context);
       // @ts-expect-error The schema's types are those of deploy.yaml, not any.
       const text: string = deployFile.port;
       return deployFile.environments['prod']?.hosts[0]?.host ?? text;
     }`,
  );
  write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        target: 'esnext',
        module: 'nodenext',
        lib: ['esnext'],
        types: ['node'],
        strict: true,
        noUncheckedIndexedAccess: true,
        noPropertyAccessFromIndexSignature: true,
        exactOptionalPropertyTypes: true,
        noImplicitOverride: true,
        noImplicitReturns: true,
        noUnusedLocals: true,
        noUnusedParameters: true,
        verbatimModuleSyntax: true,
        isolatedModules: true,
        erasableSyntaxOnly: true,
        allowImportingTsExtensions: true,
        skipLibCheck: false,
        noEmit: true,
      },
      include: ['**/*.ts'],
    }),
  );
  must(join(root, 'node_modules/.bin/tsc'), '--project', directory);
});

test('the command has the tasks of the page, and its unit tests pass', () => {
  const list = must(entrypoint, '--list');
  for (const name of ['build', 'deploy', 'release', 'seed']) assert.match(list, new RegExp(`^ +${name}\\b`, 'm'));
  assert.doesNotMatch(list, /^ +rollback\b/m);
  const script = must(entrypoint, '--dry-run', 'seed', '--rows=5', '--file=products.csv');
  assert.match(script, /^node scripts\/seed\.ts --rows 5 --file products\.csv --format csv$/m);
  must(entrypoint, 'test_unit');
});
