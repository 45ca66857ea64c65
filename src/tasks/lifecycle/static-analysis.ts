import {existsSync, globSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {exitCode, isProblem, problem, type Problem} from '../../errors.ts';
import {findPackage, findTool} from '../../runtimes/node/tooling.ts';
import {pythonChecks} from '../../runtimes/python/checks.ts';
import {installFix, isPythonService} from '../../runtimes/python/program.ts';
import type {Words} from '../../shell/argv.ts';
import {type Context, task} from '../../task.ts';

const sources = '**/*.{ts,mts,cts,js,mjs,cjs}';
const notSources = ['node_modules/**', '**/node_modules/**', 'dist/**', 'coverage/**', 'reports/**'];

/** Linter and type checker: both run, also when the first one finds something, so that all findings come at once. */
export const staticAnalysis = task('Lint and type-check the source', {}, async (context) => {
  const {run, cwd} = context;
  const commands = isPythonService(cwd) ? pythonChecks(context) : [...linters(cwd), ...typeCheckers(cwd)];
  if (commands.length === 0) throw nothingToCheck(cwd);
  const failures: Problem[] = [];
  for (const words of commands) {
    await run(words).catch((error: unknown) => {
      if (!isProblem(error) || error.code !== 'command_failed') throw error;
      failures.push(error);
    });
  }
  const [first] = failures;
  if (first === undefined) return {checks: commands.length};
  throw problem({
    code: 'findings',
    what: failures.length === 1 ? first.message : `${failures.length} checks found something`,
    details: failures.length === 1 ? [] : failures.map(({message}) => message),
    exitCode: first.exitCode,
  });
});

/** The service's own linter by its configuration file; oxlint, with its defaults, when it has none. */
function linters(directory: string): Words[] {
  const has = (...names: string[]): boolean => names.some((name) => existsSync(join(directory, name)));
  if (has('eslint.config.js', 'eslint.config.mjs', 'eslint.config.ts') && findTool(directory, 'eslint')?.own) {
    return [['node_modules/.bin/eslint', '.']];
  }
  if (has('biome.json', 'biome.jsonc') && findTool(directory, 'biome')?.own)
    return [['node_modules/.bin/biome', 'check', '.']];
  const oxlint = findTool(directory, 'oxlint');
  return oxlint === undefined || !hasSources(directory, sources) ? [] : [[oxlint.program, '--deny-warnings']];
}

/** tsc with the service's tsconfig.json; without one, strict and for TypeScript that Node runs as it is. */
function typeCheckers(directory: string): Words[] {
  const tsc = findTool(directory, 'tsc');
  if (tsc === undefined) return [];
  if (existsSync(join(directory, 'tsconfig.json'))) return [[tsc.program, '--noEmit', '--project', 'tsconfig.json']];
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

function hasSources(directory: string, pattern: string): boolean {
  return globSync(pattern, {cwd: directory, exclude: notSources}).length > 0;
}

function nothingToCheck(directory: Context['cwd']): Problem {
  const python = isPythonService(directory);
  const empty = !python && !hasSources(directory, sources);
  return problem({
    code: 'nothing_to_check',
    what: empty
      ? `there is no source in ${directory} to check`
      : 'no linter and no type checker is installed, and this task runs them',
    fix: empty
      ? 'run it in the directory of a service, or name one: -C DIR'
      : python
        ? installFix({cwd: directory}, 'ruff and mypy')
        : 'npm install --save-dev typescript oxlint',
    exitCode: exitCode.unavailable,
  });
}
