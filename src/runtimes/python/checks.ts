import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Words} from '../../shell/argv.ts';
import type {Context} from '../../task.ts';
import {findPythonProgram} from './program.ts';

/** Linter, formatter and type checker, as far as the service has them; each reads the service's own settings. */
export function pythonChecks({cwd, env}: Pick<Context, 'cwd' | 'env'>): Words[] {
  const find = (name: string): string | undefined => findPythonProgram({cwd, env}, name);
  const [ruff, black, mypy] = [find('ruff'), find('black'), find('mypy')];
  return [
    ...(ruff === undefined ? [] : [[ruff, 'check', '.']]),
    // Who formats with black would find all its files to be wrong.
    ...(black === undefined
      ? ruff === undefined
        ? []
        : [[ruff, 'format', '--check', '.']]
      : [[black, '--check', '.']]),
    ...(mypy === undefined ? [] : [namesItsFiles(cwd) ? [mypy] : [mypy, '.']]),
  ];
}

/** Do mypy's settings say what to check? Otherwise it wants to be told. */
function namesItsFiles(directory: string): boolean {
  return ['mypy.ini', '.mypy.ini', 'setup.cfg', 'pyproject.toml'].some((name) => {
    const path = join(directory, name);
    if (!existsSync(path)) return false;
    const section = /^\[(?:tool\.)?mypy\]\n((?:(?!\[).*\n?)*)/m.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
    return /^(files|packages|modules)\s*=/m.test(section);
  });
}
