import {existsSync, readdirSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {executables} from '../../shell/executable.ts';
import type {Context} from '../../task.ts';

type Place = Pick<Context, 'cwd' | 'env'>;

const manifest = /^(pyproject\.toml|requirements.*\.txt|[^.].*\.py)$/;

/** Is this directory a Python service? One with a package.json is Node's, whatever else it has. */
export function isPythonService(directory: string): boolean {
  if (existsSync(join(directory, 'package.json'))) return false;
  return (
    names(directory).some((name) => manifest.test(name)) ||
    names(join(directory, 'requirements')).some((name) => /^[^.].*\.txt$/.test(name))
  );
}

// Not by Node's glob: to load it costs every start of a service 10 ms.
function names(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/**
 * A program of the service's virtual environment, as it can be typed in its directory, or else the one on PATH, where
 * an image has it and an activated environment. A `.venv` whose Python is missing came from another machine.
 */
export function findPythonProgram({cwd, env}: Place, name: string): string | undefined {
  const own = `.venv/bin/${name}`;
  if (existsSync(join(cwd, '.venv/bin/python')) && existsSync(join(cwd, own))) return own;
  return executables(name, {directory: cwd, path: env['PATH']}).length > 0 ? name : undefined;
}

/**
 * The service's Python: `.venv/bin/python3` where it exists, else `python3`, which the shell finds on PATH.
 * @example
 * await run([pythonProgram({cwd, env}), '-m', 'points_api.migrate']);
 */
export function pythonProgram(place: Place): string {
  return findPythonProgram(place, 'python3') ?? 'python3';
}

/** Is a package there for the service's Python to import? Looks at files: asking Python takes 20 ms. */
export function hasPythonPackage({cwd, env}: Place, name: string): boolean {
  const roots = [join(cwd, '.venv'), ...(env['VIRTUAL_ENV'] === undefined ? [] : [env['VIRTUAL_ENV']])];
  return roots.some((root) =>
    names(join(root, 'lib')).some(
      (python) => python.startsWith('python3') && existsSync(join(root, 'lib', python, 'site-packages', name)),
    ),
  );
}

/** How a missing program gets there. */
export function installFix({cwd}: Pick<Place, 'cwd'>, packages: string): string {
  const venv = existsSync(join(cwd, 'uv.lock')) ? 'uv sync' : 'python3 -m venv .venv && .venv/bin/pip install -r FILE';
  return `add ${packages} to the service's requirements, then: ${venv} (or build the image)`;
}

/** The directory of what Python itself loads: in an image beside the command, in the repository among the images. */
export function pythonLibrary(from: string = import.meta.dirname): string {
  for (let at = from; ; at = dirname(at)) {
    const found = [join(at, 'python'), join(at, 'images/python/lib')].find((directory) =>
      existsSync(join(directory, 'entrypoint_logging.py')),
    );
    if (found !== undefined) return found;
    if (at === dirname(at)) return join(from, 'python');
  }
}
