import {join} from 'node:path';
import {readText} from '../text/file.ts';

/** A line of a Procfile, `NAME: COMMAND`; undefined for any other. */
export function procfileEntry(line: string): {readonly name: string; readonly command: string} | undefined {
  const [, name, command = ''] = /^([\w-]+):\s*(.+?)\s*$/.exec(line) ?? [];
  return name === undefined ? undefined : {name, command};
}

/** The processes of a Procfile: name and command line. */
export function readProcfile(directory: string): ReadonlyMap<string, string> {
  const lines = (readText(join(directory, 'Procfile')) ?? '').split(/\r?\n/);
  return new Map(lines.flatMap((line) => procfileEntry(line) ?? []).map(({name, command}) => [name, command]));
}
