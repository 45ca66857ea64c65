import {join} from 'node:path';
import {readText} from '../text/file.ts';

/** The processes of a Procfile: name and command line. */
export function readProcfile(directory: string): ReadonlyMap<string, string> {
  const lines = (readText(join(directory, 'Procfile')) ?? '').split(/\r?\n/);
  return new Map(
    lines.flatMap((line): (readonly [string, string])[] => {
      const [, name = '', command = ''] = /^([\w-]+):\s*(.+?)\s*$/.exec(line) ?? [];
      return name === '' ? [] : [[name, command]];
    }),
  );
}
