import {join} from 'node:path';
import {readText} from '../../text/file.ts';
import {pyprojectTexts} from './pyproject.ts';

/** The versions of Python that images exist for, the usual one first. */
export const pythonVersions = ['3.13', '3.11', '3.14'] as const;

/**
 * The version of Python for a service's Dockerfile: that of .python-version or, of those that requires-python allows, the
 * usual one. A version without an image gives the usual one: the build then refuses it, with the line and the way out.
 * @example
 * pythonVersion('/repository/shop'); // 3.11, for `requires-python = ">=3.11,<3.13"`
 */
export function pythonVersion(directory: string): string {
  const named = /^(?!#)(?:cpython-|python-)?(3\.\d+)/m.exec(readText(join(directory, '.python-version')) ?? '')?.[1];
  const requires = pyprojectTexts(directory, 'project')['requires-python'] ?? '';
  return (
    pythonVersions.find((version) => (named === undefined ? allows(requires, version) : version === named)) ??
    pythonVersions[0]
  );
}

/** Whether a specifier (`>=3.11,<3.13`) allows some patch release of a minor version. */
export function allows(specifier: string, version: string): boolean {
  const minor = Number(version.split('.')[1]);
  return specifier.split(',').every((one) => {
    const [, operator = '', text = ''] = /^\s*(===?|~=|!=|[<>]=?)\s*3\.(\d+)/.exec(one) ?? [];
    const bound = Number(text);
    if (operator === '==' || operator === '===') return minor === bound;
    // `!=3.11.2` and `<3.11.5` leave other releases of 3.11.
    const isWhole = /^\s*[<>=!~]+\s*3\.\d+(?:\.\*|\.0)?\s*$/.test(one);
    if (operator === '!=') return !isWhole || minor !== bound;
    if (operator === '<') return isWhole ? minor < bound : minor <= bound;
    if (operator === '<=') return minor <= bound;
    // `~=3.11` is every later 3.x, `~=3.11.2` only 3.11.
    if (operator === '~=') return /\d\.\d+\.\d/.test(one) ? minor === bound : minor >= bound;
    return operator === '>' ? minor > bound || !isWhole : operator === '' || minor >= bound;
  });
}
