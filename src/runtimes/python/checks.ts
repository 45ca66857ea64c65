import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Words} from '../../shell/argv.ts';
import type {ServiceContext} from '../runtime.ts';
import {findPythonProgram} from './program.ts';

/** The linter, formatter and type checker that are installed; each reads the service's own configuration. */
export function pythonChecks({cwd, env}: ServiceContext): readonly Words[] {
  const find = (name: string): string | undefined => findPythonProgram({cwd, env}, name);
  const [ruff, black, mypy] = [find('ruff'), find('black'), find('mypy')];
  return [
    ...(ruff === undefined ? [] : [[ruff, 'check', '.']]),
    // Not in a service formatted with black: ruff's formatter would reject its files.
    ...(black === undefined
      ? ruff === undefined
        ? []
        : [[ruff, 'format', '--check', '.']]
      : [[black, '--check', '.']]),
    ...(mypy === undefined ? [] : [namesItsFiles(cwd) ? [mypy] : [mypy, '.']]),
  ];
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
