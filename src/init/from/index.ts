import {basename, resolve} from 'node:path';
import {exitCode, problem, usageProblem} from '../../errors.ts';
import {readText} from '../../text/file.ts';
import {importAppJson} from './app-json.ts';
import {importCompose} from './compose.ts';
import type {Imported} from './imported.ts';
import {importKamal} from './kamal.ts';
import {importProcfile} from './procfile.ts';

/**
 * Reads a file of another tool. Which tool, its name and its content say.
 * @throws Problem `usage` (exit code 64) for a file that is missing; `bad_import_file` (65)
 */
export function importFile(directory: string, file: string): Imported {
  const text = readText(resolve(directory, file));
  if (text === undefined)
    throw usageProblem(`--from names no file that can be read: ${file}`, 'for example --from=compose.yaml');
  const name = basename(file);
  if (name.startsWith('Procfile')) return importProcfile(file, text);
  if (name === 'app.json') return importAppJson(file, text);
  if (/^(?:docker-)?compose.*\.ya?ml$/.test(name) || /^services:/m.test(text))
    return importCompose(directory, file, text);
  if (/^deploy.*\.ya?ml$/.test(name) && /^(?:image|servers|service):/m.test(text)) return importKamal(file, text);
  throw problem({
    code: 'bad_import_file',
    what: `${file} is none of compose.yaml, Procfile, app.json and a deploy.yml of Kamal`,
    fix: 'name one of them',
    exitCode: exitCode.badData,
  });
}
