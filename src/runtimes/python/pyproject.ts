import {readFileSync} from 'node:fs';
import {join} from 'node:path';

const table = /^\[([^[\]]+)\]\s*(#.*)?$/;
const text = /^([A-Za-z0-9_-]+)\s*=\s*(?:"([^"\\]*)"|'([^']*)')\s*(#.*)?$/;

/**
 * The plain strings (`key = "value"`) of one table of the service's pyproject.toml; none if the file is missing.
 * A service's name and module need no more of TOML, and a full parser would slow every start.
 */
export function pyprojectTexts(directory: string, name: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  let current: string | undefined;
  for (const line of readLines(join(directory, 'pyproject.toml'))) {
    const header = table.exec(line);
    if (line.startsWith('[')) current = header?.[1]?.trim();
    const [, key, double, single] = (current === name && text.exec(line)) || [];
    if (key !== undefined) found[key] = double ?? single ?? '';
  }
  return found;
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim());
  } catch {
    return [];
  }
}
