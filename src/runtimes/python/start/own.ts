import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {type SettingName, settings as declared} from '../../../server/settings/declaration.ts';
import type {Setting} from '../../../server/settings/settings.ts';
import {splitWords, type Words} from '../../../shell/argv.ts';
import {readText} from '../../../text/file.ts';
import {readProcfile} from '../../procfile.ts';
import {pyprojectTexts} from '../pyproject.ts';
import {foreignModule, readLine} from './procfile-line.ts';
import {flagOf, type AppServer} from './settings.ts';

/** What the service's own files say about its server: a Procfile, and the server's own configuration. */
export interface OwnServer {
  /** The server that they are for; undefined if they name none. */
  readonly server: AppServer | undefined;
  /** The application, where pyproject.toml does not name it for `run`. */
  readonly module?: string | undefined;
  /** `Procfile`, `gunicorn.conf.py` */
  readonly from: string;
  /** Where the application is named, if not there. */
  readonly moduleFrom?: string | undefined;
  /** Words of the server's own command line: without its module and its addresses. */
  readonly words: Words;
  /** Variables that the line of the Procfile sets. */
  readonly env: Readonly<Record<string, string>>;
  /** What they set, by its name in the server: `workers`, `logger_class`. Each with the file, and its value if it is plain. */
  readonly sets: ReadonlyMap<string, {readonly from: string; readonly value: string | undefined}>;
  /** A Procfile that is not followed. */
  readonly note?: string | undefined;
}

type Sets = Map<string, {readonly from: string; readonly value: string | undefined}>;

/** The name of a flag in a server's own files: `worker_class`. */
const keyOf = (flag: string): string => flag.replace(/^-+/, '').replaceAll('-', '_');

/** How a server calls a setting in its own files. */
export function ownName(server: AppServer, name: SettingName): string | undefined {
  const flag = flagOf(server, name);
  if (flag === undefined) return undefined;
  const key = keyOf(flag);
  // gunicorn's file and its command line differ in these.
  const inFile: Readonly<Record<string, string>> = {
    keep_alive: 'keepalive',
    access_logfile: 'accesslog',
    access_logformat: 'access_log_format',
  };
  return server === 'gunicorn' ? (inFile[key] ?? key) : key;
}

/**
 * Everything that the service's own files and its server's variables say about one of the servers.
 * @param only the server that runs. Default: the one that the files are for
 */
export function ownServer(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
  only?: AppServer,
): OwnServer {
  const web = readProcfile(directory).get('web');
  const read = web === undefined ? undefined : readLine(web);
  const line = only === undefined || read?.server === only ? read : undefined;
  const note = web !== undefined && read === undefined ? `web in the Procfile is not followed: ${web}` : undefined;
  const sets: Sets = new Map();
  const usual = existsSync(join(directory, 'gunicorn.conf.py')) ? 'gunicorn.conf.py' : undefined;
  const ini = uwsgiFile(directory);
  const chosen = only ?? line?.server ?? (usual === undefined ? (ini === undefined ? undefined : 'uwsgi') : 'gunicorn');
  const config = chosen === 'gunicorn' ? (configFile(line?.words ?? [], env) ?? usual) : undefined;
  const from = line === undefined ? (config ?? ini ?? '') : 'Procfile';
  if (config !== undefined) readPythonFile(directory, config, sets);
  if (chosen === 'uwsgi' && ini !== undefined) readIni(directory, ini, sets);
  if (chosen !== undefined) addVariables(chosen, {...line?.env, ...env}, sets);
  for (const word of line?.words ?? []) addWords(chosen, word, 'Procfile', sets);
  const foreign = read === undefined && web !== undefined ? foreignModule(web) : undefined;
  const wsgi = sets.get('wsgi_app')?.value ?? (chosen === 'uwsgi' ? sets.get('module')?.value : undefined);
  return {
    server: chosen,
    // What pyproject.toml names is meant for `run`.
    module:
      pyprojectTexts(directory, 'tool.entrypoint')['module'] === undefined
        ? (line?.module ?? wsgi ?? foreign)
        : undefined,
    moduleFrom: line?.module === undefined && wsgi === undefined && foreign !== undefined ? 'Procfile' : undefined,
    from,
    words: [
      ...(chosen === 'uwsgi' && ini !== undefined && line === undefined ? ['--ini', ini] : []),
      ...(line?.words ?? []),
    ],
    env: line?.env ?? {},
    sets,
    note,
  };
}

/** gunicorn has words in one variable, the others have a variable for each option. */
function addVariables(server: AppServer, env: Readonly<Record<string, string | undefined>>, sets: Sets): void {
  if (server === 'gunicorn') return addWords(server, env['GUNICORN_CMD_ARGS'] ?? '', 'GUNICORN_CMD_ARGS', sets);
  const prefix = `${server.toUpperCase()}_`;
  for (const [name, value] of Object.entries(env)) {
    const key = name.startsWith(prefix) && value !== undefined ? name.slice(prefix.length).toLowerCase() : '';
    if (key !== '') sets.set((server === 'granian' ? granianNames[key] : undefined) ?? key, {from: name, value});
  }
}

/** Variables of granian that are not called as their flags. */
const granianNames: Readonly<Record<string, string>> = {
  log_access_enabled: 'access_log',
  log_access_fmt: 'access_log_fmt',
  log_enabled: 'log',
  websockets: 'ws',
  metrics_enabled: 'metrics',
};

function uwsgiFile(directory: string): string | undefined {
  return ['uwsgi.ini', 'uwsgi.yaml', 'uwsgi.yml', 'uwsgi.json'].find((name) => existsSync(join(directory, name)));
}

function configFile(words: Words, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const all = [...words, ...(splitWords(env['GUNICORN_CMD_ARGS'] ?? '') ?? [])];
  const at = all.findIndex((word) => /^(?:-c|--config)(?:=|$)/.test(word));
  if (at === -1) return undefined;
  return (all[at] ?? '').split('=')[1] ?? all[at + 1]?.replace(/^file:/, '');
}

/** What gunicorn's configuration sets: assignments of the module, also below `if` and `try`, but not in functions. */
function readPythonFile(directory: string, file: string, sets: Sets): void {
  let isFunction = false;
  for (const line of (readText(join(directory, file)) ?? '').split('\n')) {
    if (/^\S/.test(line)) isFunction = /^(?:async )?def |^class |^@/.test(line);
    const [, indent = '', name = '', value = ''] =
      /^(\s*)([a-z_]+)\s*(?::[^=]+)?=(?!=)\s*(.*?)\s*(?:#.*)?$/.exec(line) ?? [];
    if (name === '' || (indent !== '' && isFunction)) continue;
    sets.set(name, {
      from: file,
      value: /^(?:"[^"\\]*"|'[^'\\]*')$/.test(value) ? value.slice(1, -1) : /^\d+$/.test(value) ? value : undefined,
    });
  }
}

/** The section [uwsgi] of uwsgi.ini. Other formats are passed on as they are, and set what their keys say. */
function readIni(directory: string, file: string, sets: Sets): void {
  for (const line of (readText(join(directory, file)) ?? '').split('\n')) {
    const [, name = '', value = ''] = /^\s*"?([a-z][\w-]*)"?\s*[=:]\s*"?(.*?)"?,?\s*$/.exec(line) ?? [];
    if (name !== '' && name !== 'uwsgi') sets.set(keyOf(name), {from: file, value});
  }
}

/** Words of a command line, in any spelling of their flags. */
function addWords(server: AppServer | undefined, text: string, from: string, sets: Sets): void {
  if (server === undefined) return;
  for (const word of splitWords(text) ?? []) {
    const [flag = '', value] = word.split('=');
    if (!flag.startsWith('-')) continue;
    const short = flag.startsWith('--') ? undefined : flag[1];
    const found = declared.find(
      ([, setting]: readonly [SettingName, Setting]) => short !== undefined && setting.short === short,
    );
    const key = found === undefined ? keyOf(flag) : (ownName(server, found[0]) ?? keyOf(flag));
    const inFile = declared.find(([name]) => keyOf(flagOf(server, name) ?? '') === key.replace(/^no_/, ''))?.[0];
    sets.set(inFile === undefined ? key : (ownName(server, inFile) ?? key), {from, value});
  }
}
