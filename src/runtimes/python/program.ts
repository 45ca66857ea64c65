import {existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {quote} from '../../shell/argv.ts';
import {executables} from '../../shell/executable.ts';
import type {ServiceContext} from '../runtime.ts';
import {isCondaFile, isRequirementFile, names} from './manifests.ts';

/** A directory with a manifest or source of Python, and no package.json: that one makes it Node's. */
export function isPythonService(directory: string): boolean {
  if (existsSync(join(directory, 'package.json'))) return false;
  return (
    names(directory).some((name) => marks.test(name) || isRequirementFile(name) || isCondaFile(name)) ||
    names(join(directory, 'requirements')).some((name) => /^[^.].*\.txt$/.test(name))
  );
}

/** Manifests that no other language has, and source. */
const marks = /^(?:pyproject\.toml|Pipfile|setup\.cfg|pylock.*\.toml|[^.].*\.py)$/;

/**
 * A program of the service's virtual environment, as a path relative to its directory; else its name, if it is on PATH
 * (in an image, or in an activated environment). A `.venv` without its Python was copied from another machine and is
 * ignored.
 */
export function findPythonProgram({cwd, env}: ServiceContext, name: string): string | undefined {
  const own = `.venv/bin/${name}`;
  if (existsSync(join(cwd, '.venv/bin/python')) && existsSync(join(cwd, own))) return own;
  return executables(name, {directory: cwd, path: env['PATH']}).length > 0 ? name : undefined;
}

/**
 * The service's Python: `.venv/bin/python3` if it exists, else `python3`, which the shell finds on PATH.
 * @example
 * await run([pythonProgram({cwd, env}), '-m', 'points_api.migrate']);
 */
export function pythonProgram(context: ServiceContext): string {
  return findPythonProgram(context, 'python3') ?? 'python3';
}

/** Whether a package is installed in the service's virtual environment, by its directory: starting Python takes 20 ms. */
export function hasPythonPackage({cwd, env}: ServiceContext, name: string): boolean {
  const roots = [join(cwd, '.venv'), ...(env['VIRTUAL_ENV'] === undefined ? [] : [env['VIRTUAL_ENV']])];
  return roots.some((root) =>
    names(join(root, 'lib')).some(
      (python) => python.startsWith('python3') && existsSync(join(root, 'lib', python, 'site-packages', name)),
    ),
  );
}

/** How to install missing packages: the text after `fix: `. */
export function installFix({cwd}: Pick<ServiceContext, 'cwd'>, packages: string): string {
  const words = packages
    .split(' and ')
    .map((name) => quote(name))
    .join(' ');
  const adds = Object.entries(tools).find(([file]) => existsSync(join(cwd, file)))?.[1];
  const venv = 'python3 -m venv .venv && .venv/bin/pip install';
  const requirements = ['requirements.in', 'requirements.txt'].find((file) => existsSync(join(cwd, file)));
  if (adds !== undefined) return `${adds} ${words} (or build the image)`;
  const conda = ['environment.yml', 'environment.yaml'].find((file) => existsSync(join(cwd, file)));
  if (conda !== undefined && requirements === undefined)
    return `add ${packages} to ${conda}, then: conda env update --file ${conda}`;
  if (requirements === 'requirements.in')
    return `add ${packages} to requirements.in, then: pip-compile && ${venv} -r requirements.txt (or build the image)`;
  if (requirements === undefined && existsSync(join(cwd, 'pyproject.toml'))) {
    const isPoetry = readFileSync(join(cwd, 'pyproject.toml'), 'utf8').includes('[tool.poetry');
    return isPoetry
      ? `poetry add ${words} (or build the image)`
      : `add ${packages} to \`dependencies\` in pyproject.toml, then: ${venv} -e . (or build the image)`;
  }
  const file = requirements ?? 'requirements.txt';
  return `add ${packages} to ${file}, then: ${venv} -r ${file} (or build the image)`;
}

/** The command that adds a package, by the lock file of its tool. */
const tools: Readonly<Record<string, string>> = {
  'uv.lock': 'uv add',
  'poetry.lock': 'poetry add',
  'pdm.lock': 'pdm add',
  Pipfile: 'pipenv install',
};

/** The directory of the Python modules we ship: next to the command in an image, below images/ in the repository. */
export function pythonLibrary(from: string = import.meta.dirname): string {
  for (let at = from; ; at = dirname(at)) {
    const found = [join(at, 'python'), join(at, 'images/python/lib')].find((directory) =>
      existsSync(join(directory, 'entrypoint_logging.py')),
    );
    if (found !== undefined) return found;
    if (at === dirname(at)) return join(from, 'python');
  }
}
