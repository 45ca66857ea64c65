import type {Imported, Left, Taken} from './imported.ts';

/** Takes `web` and `release` of a Procfile. */
export function importProcfile(file: string, text: string): Imported {
  const taken: Taken[] = [];
  const left: Left[] = [];
  let release: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const place = {line: index + 1};
    const [, name = '', command = ''] = /^([\w-]+):\s*(.+?)\s*$/.exec(line) ?? [];
    if (name === '') {
      if (line.trim() !== '' && !line.trim().startsWith('#'))
        left.push({...place, key: line.trim(), reason: 'it is not `NAME: COMMAND`'});
    } else if (name === 'web') taken.push({...place, key: 'web', as: `what \`run\` serves: ${command}`});
    else if (name === 'release') {
      release = command;
      taken.push({...place, key: 'release', as: 'the task `release` in tasks.ts, which deploys run before the switch'});
    } else
      left.push({
        ...place,
        key: name,
        reason: `a deploy runs one process: deploy the directory a second time under another name (service in deploy.yaml) for: ${command}`,
      });
  }
  return {file, top: [], local: [], release, taken, left};
}
