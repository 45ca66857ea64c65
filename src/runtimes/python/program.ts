import {existsSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {executables} from '../../shell/executable.ts';
import type {ServiceContext} from '../runtime.ts';

const manifest =
  /^(pyproject\.toml|[\w-]*requirements.*\.(?:txt|in)|Pipfile|setup\.cfg|pylock.*\.toml|environment\.ya?ml|[^.].*\.py)$/;

/** A directory with a manifest or source of Python, and no package.json: that one makes it Node's. */
export function isPythonService(directory: string): boolean {
  if (existsSync(join(directory, 'package.json'))) return false;
  return (
    names(directory).some((name) => manifest.test(name)) ||
    names(join(directory, 'requirements')).some((name) => /^[^.].*\.txt$/.test(name))
  );
}

// Loading Node's glob instead would add 10 ms to every start of a service.
function names(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

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
  const venv = existsSync(join(cwd, 'uv.lock')) ? 'uv sync' : 'python3 -m venv .venv && .venv/bin/pip install -r FILE';
  return `add ${packages} to the service's requirements, then: ${venv} (or build the image)`;
}

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
