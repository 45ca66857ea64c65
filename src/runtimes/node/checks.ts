import {existsSync, globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import type {Words} from '../../shell/argv.ts';
import type {ServiceContext} from '../runtime.ts';
import {isWritable} from '../writable.ts';
import {findPackage, findTool} from './tooling.ts';

const sources = '**/*.{ts,mts,cts,js,mjs,cjs}';
const notSources = ['node_modules/**', '**/node_modules/**', 'dist/**', 'coverage/**', 'reports/**'];

/**
 * The linter and the type checker of a Node service; empty if none is installed.
 * @throws Problem `nothing_to_check` (exit code 69) when the directory has no source
 */
export function nodeChecks({cwd}: Pick<ServiceContext, 'cwd'>): readonly Words[] {
  const commands = [...linters(cwd), ...typeCheckers(cwd)];
  if (commands.length > 0 || hasSources(cwd)) return commands;
  throw problem({
    code: 'nothing_to_check',
    what: `no source files in ${cwd}`,
    fix: 'run it in the directory of a service, or name one: -C DIR',
    exitCode: exitCode.unavailable,
  });
}

/** The service's own linter, chosen by its configuration file; without one, oxlint with its defaults. */
function linters(directory: string): Words[] {
  const has = (...names: string[]): boolean => names.some((name) => existsSync(join(directory, name)));
  const eslint = findTool(directory, 'eslint');
  if (has('eslint.config.js', 'eslint.config.mjs', 'eslint.config.ts') && eslint?.own === true)
    return [[eslint.program, '.']];
  const biome = findTool(directory, 'biome');
  if (has('biome.json', 'biome.jsonc') && biome?.own === true) return [[biome.program, 'check', '.']];
  const oxlint = findTool(directory, 'oxlint');
  return oxlint === undefined || !hasSources(directory) ? [] : [[oxlint.program, '--deny-warnings']];
}

/** tsc with the service's tsconfig.json; without one, strict and for TypeScript that Node runs without a build. */
function typeCheckers(directory: string): Words[] {
  const tsc = findTool(directory, 'tsc');
  if (tsc === undefined) return [];
  if (existsSync(join(directory, 'tsconfig.json')))
    return [[tsc.program, '--noEmit', '--project', 'tsconfig.json', ...withoutNotes(directory)]];
  const files = globSync('**/*.{ts,mts,cts}', {cwd: directory, exclude: notSources}).toSorted();
  if (files.length === 0) return [];
  const types = findPackage(directory, '@types/node');
  return [
    [
      tsc.program,
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

/** In an image, nothing can be written beside the code: an incremental check keeps its notes nowhere. */
function withoutNotes(directory: string): Words {
  if (isWritable(directory)) return [];
  const isIncremental = /"(?:incremental|composite|extends)"/.test(
    readFileSync(join(directory, 'tsconfig.json'), 'utf8'),
  );
  return isIncremental ? ['--incremental', '--tsBuildInfoFile', '/dev/null'] : [];
}

function hasSources(directory: string): boolean {
  return globSync(sources, {cwd: directory, exclude: notSources}).length > 0;
}
