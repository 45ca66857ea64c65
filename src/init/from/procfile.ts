import {procfileEntry} from '../../runtimes/procfile.ts';
import type {Imported, Left, Taken} from './imported.ts';

/** Takes `web` and `release` of a Procfile. */
export function importProcfile(file: string, text: string): Imported {
  const taken: Taken[] = [];
  const left: Left[] = [];
  let release: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.trim().startsWith('#')) continue;
    const {name, command} = procfileEntry(line) ?? {name: undefined, command: ''};
    const place = {line: index + 1, key: name ?? line.trim()};
    if (name === undefined) left.push({...place, reason: 'it is not `NAME: COMMAND`'});
    else if (name === 'web') taken.push({...place, as: `what \`run\` follows: ${command}`});
    else if (name === 'release') {
      release = command;
      taken.push({...place, as: 'the task `release` in tasks.ts, which deploys run before the switch'});
    } else left.push({...place, reason: `${secondProcess} for: ${command}`});
  }
  return {file, top: [], local: [], release, taken, left};
}

/** Why a process besides that of the web is left. */
export const secondProcess =
  'a deploy runs one process: deploy the directory a second time under another name (`service` in deploy.yaml)';
