import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import type {Words} from '../../shell/argv.ts';
import {readText} from '../../text/file.ts';
import type {ServiceContext} from '../runtime.ts';
import {isWritable} from '../writable.ts';
import {findPythonProgram, installFix, notInstalledFix, virtualEnvironment} from './program.ts';
import {requirementsText, requires} from './requirements.ts';

/** A linter, a formatter or a type checker, with the files that configure it. */
interface Checker {
  readonly name: string;
  readonly files: readonly string[];
  /** Its commands: words after the program. `readOnly`: in an image, nothing can be written beside the code. */
  readonly commands: (directory: string, readOnly: boolean) => readonly Words[];
}

const checkers: readonly Checker[] = [
  {
    name: 'ruff',
    files: ['ruff.toml', '.ruff.toml'],
    commands: (_, readOnly) => [['check', ...(readOnly ? ['--no-cache'] : []), '.']],
  },
  // It has its own list of directories to leave out, without that of the virtual environment.
  {name: 'flake8', files: ['.flake8'], commands: () => [['--extend-exclude', '.venv,venv,node_modules', '.']]},
  {name: 'black', files: [], commands: () => [['--check', '.']]},
  {
    name: 'mypy',
    files: ['mypy.ini', '.mypy.ini'],
    commands: (directory, readOnly) => [
      [...(readOnly ? ['--cache-dir', '/dev/null'] : []), ...(namesItsFiles(directory) ? [] : ['.'])],
    ],
  },
  {name: 'pyright', files: ['pyrightconfig.json'], commands: () => [[]]},
  {name: 'ty', files: ['ty.toml'], commands: () => [['check']]},
];

/** The checkers that a service requires or has configured. Nothing need be installed. */
export function checkerNames(directory: string): readonly string[] {
  const required = requirementsText(directory);
  return checkers.filter((one) => isConfigured(directory, one) || requires(required, one.name)).map(({name}) => name);
}

/**
 * The linters, formatters and type checkers that are installed; each reads the service's own configuration.
 * @throws Problem `not_installed` (exit code 69) for one that the service requires or has configured
 */
export function pythonChecks({cwd, env}: ServiceContext): readonly Words[] {
  const readOnly = !isWritable(cwd);
  const found = checkers.map((checker) => ({checker, program: findPythonProgram({cwd, env}, checker.name)}));
  const absent = found.filter(({program}) => program === undefined).map(({checker}) => checker);
  const wanted = absent.length === 0 ? [] : checkerNames(cwd);
  const missing = absent.map(({name}) => name).filter((name) => wanted.includes(name));
  if (missing.length > 0) throw notInstalled(cwd, missing);
  const hasBlack = !absent.some(({name}) => name === 'black');
  return found.flatMap(({checker, program}) => {
    if (program === undefined) return [];
    const commands = checker.commands(cwd, readOnly).map((words) => [program].concat(words));
    // Not in a service formatted with black: ruff's formatter would reject its files.
    if (checker.name !== 'ruff' || hasBlack) return commands;
    return commands.concat([[program, 'format', '--check', ...(readOnly ? ['--no-cache'] : []), '.']]);
  });
}

function notInstalled(directory: string, names: readonly string[]): Error {
  const required = requirementsText(directory);
  const isRequired = names.every((name) => requires(required, name));
  const venv = virtualEnvironment(directory) !== undefined || !isRequired ? '' : ': .venv is missing';
  return problem({
    code: 'not_installed',
    what: `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} ${isRequired ? 'not installed' : 'configured, and not installed'}${venv}`,
    fix: isRequired ? notInstalledFix(directory) : installFix({cwd: directory}, names.join(' and ')),
    exitCode: exitCode.unavailable,
  });
}

/** By a file of its own, or a section of a common one. */
function isConfigured(directory: string, {name, files}: Checker): boolean {
  if (files.some((file) => existsSync(join(directory, file)))) return true;
  return (
    new RegExp(`^\\[tool\\.${name}[.\\]]`, 'm').test(readText(join(directory, 'pyproject.toml')) ?? '') ||
    ['setup.cfg', 'tox.ini'].some((file) =>
      new RegExp(`^\\[${name}\\]`, 'm').test(readText(join(directory, file)) ?? ''),
    )
  );
}

/** Whether mypy's configuration names what to check. Otherwise mypy requires a path. */
function namesItsFiles(directory: string): boolean {
  return ['mypy.ini', '.mypy.ini', 'setup.cfg', 'pyproject.toml'].some((name) => {
    const path = join(directory, name);
    if (!existsSync(path)) return false;
    const section = /^\[(?:tool\.)?mypy\]\n((?:(?!\[).*\n?)*)/m.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
    return /^(files|packages|modules)\s*=/m.test(section);
  });
}
