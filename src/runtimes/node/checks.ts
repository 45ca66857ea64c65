import {existsSync, globSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import type {Words} from '../../shell/argv.ts';
import type {ServiceContext} from '../runtime.ts';
import {isWritable} from '../writable.ts';
import {ownChecks, requiredTool, tscChecker} from './linters.ts';
import {checkInImage} from './read-only.ts';
import {findPackage} from './tooling.ts';

const sources = '**/*.{ts,mts,cts,js,mjs,cjs}';
const notSources = ['node_modules/**', '**/node_modules/**', 'dist/**', 'coverage/**', 'reports/**'];

/**
 * The linters, formatters and the type checker of a Node service, as it has configured them; empty if none is installed.
 * @throws Problem `nothing_to_check` (exit code 69) when the directory has no source, `not_installed` (69) for a tool that
 * the service has and has not installed
 */
export function nodeChecks({cwd}: Pick<ServiceContext, 'cwd'>): readonly Words[] {
  const own = ownChecks(cwd);
  const commands = [
    ...own.commands,
    ...(own.hasLinter ? [] : usualLinter(cwd)),
    ...(own.hasTypes ? [] : typeChecker(cwd)),
  ];
  if (commands.length > 0 || hasSources(cwd)) return commands;
  throw problem({
    code: 'nothing_to_check',
    what: `no source files in ${cwd}`,
    fix: 'run it in the directory of a service, or name one: -C DIR',
    exitCode: exitCode.unavailable,
  });
}

/** Without a linter of its own, a service has oxlint with its defaults. */
function usualLinter(directory: string): Words[] {
  const oxlint = requiredTool(directory, {name: 'oxlint', package: 'oxlint'});
  // It leaves out what .gitignore says, which a package of a repository may not have.
  return oxlint === undefined || !hasSources(directory)
    ? []
    : [[oxlint, '--deny-warnings', '--ignore-pattern=node_modules']];
}

/** tsc with the service's tsconfig.json; without one, strict and for TypeScript that Node runs without a build. */
function typeChecker(directory: string): Words[] {
  const tsc = requiredTool(directory, tscChecker);
  if (tsc === undefined) return [];
  if (existsSync(join(directory, 'tsconfig.json')))
    return [inImage(directory, [tsc, '--noEmit', '--project', 'tsconfig.json'])];
  const files = globSync('**/*.{ts,mts,cts}', {cwd: directory, exclude: notSources}).toSorted();
  if (files.length === 0) return [];
  const types = findPackage(directory, '@types/node');
  return [
    [
      tsc,
      '--noEmit',
      '--strict',
      '--target',
      'esnext',
      '--module',
      'nodenext',
      '--skipLibCheck',
      '--allowImportingTsExtensions',
      '--erasableSyntaxOnly',
      '--verbatimModuleSyntax',
      ...(types === undefined ? [] : ['--types', 'node', '--typeRoots', dirname(types)]),
      ...files,
    ],
  ];
}

const inImage = (directory: string, words: Words): Words =>
  isWritable(directory) ? words : checkInImage(directory, words);

function hasSources(directory: string): boolean {
  return globSync(sources, {cwd: directory, exclude: notSources}).length > 0;
}
