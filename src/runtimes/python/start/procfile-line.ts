import {splitWords, type Words} from '../../../shell/argv.ts';
import {addressWords} from './servers.ts';
import type {AppServer} from './settings.ts';

/** A line that starts a server: its module and its words, without its addresses. */
export interface Line {
  readonly server: AppServer;
  readonly module: string | undefined;
  readonly words: Words;
  readonly env: Readonly<Record<string, string>>;
}

const switches =
  /^--?(?:reload|no-reload|preload|no-sendfile|reuse-port|check-config|print-config|spew|daemon|D|proxy-headers|no-proxy-headers|access-log|no-access-log|server-header|no-server-header|date-header|no-date-header|use-colors|no-use-colors|factory|capture-output|enable-stdio-inheritance|master|enable-threads|vacuum|die-on-term|need-app|strict|lazy-apps|single-interpreter|M|(?:no-)?(?:ws|log|metrics|respawn-failed-workers|http1-keep-alive|http1-pipeline-flush|http2-adaptive-window|ssl-client-verify|reload-ignore-worker-failure)|no-factory)$/;

/** The words of a line that starts one program, and its variables. */
function readWords(text: string): {readonly words: Words; readonly env: Readonly<Record<string, string>>} | undefined {
  if (/&&|\|\||[;|<>`&\n]|\$\(/.test(text)) return undefined;
  const env: Record<string, string> = {};
  let words = [...(splitWords(text) ?? [])];
  for (
    ;
    /^(?:exec|env|uv|poetry|pipenv|pdm|run|python3?|-m|[A-Za-z_]\w*=.*)$/.test(words[0] ?? '');
    words = words.slice(1)
  ) {
    const [, name, value = ''] = /^([A-Za-z_]\w*)=(.*)$/.exec(words[0] ?? '') ?? [];
    if (name !== undefined) env[name] = value;
  }
  return {words, env};
}

/** Reads a line such as `exec gunicorn shop.wsgi --workers=3`; undefined if it is none of these servers. */
export function readLine(text: string): Line | undefined {
  const read = readWords(text);
  if (read === undefined) return undefined;
  const {words, env} = read;
  const [program = '', ...rest] = words;
  if (program === 'fastapi' || program === 'litestar') {
    const line = frameworkLine(program, rest);
    return line && {...line, env};
  }
  if (program !== 'gunicorn' && program !== 'uvicorn' && program !== 'uwsgi' && program !== 'granian') return undefined;
  const others = addressWords(program).without(rest);
  const kept: string[] = [];
  let module: string | undefined;
  for (let at = 0; at < others.length; at += 1) {
    const word = others[at] ?? '';
    const hasValue = word.startsWith('-') && !word.includes('=') && !switches.test(word) && !/^-\w.+/.test(word);
    if (!word.startsWith('-')) module = word;
    else {
      kept.push(word, ...(hasValue ? [others[at + 1] ?? ''] : []));
      at += hasValue ? 1 : 0;
    }
  }
  return {server: program, module: module === undefined ? undefined : withVariable(program, module), words: kept, env};
}

/** gunicorn's `shop.wsgi` is `shop.wsgi:application`. */
const withVariable = (server: AppServer, module: string): string =>
  module.includes(':') || server !== 'gunicorn' ? module : `${module}:application`;

/** Options of `fastapi run` and `litestar run` that uvicorn has, by its name for them. */
const uvicornNames: Readonly<Record<string, string>> = {
  '--workers': '--workers',
  '--wc': '--workers',
  '-W': '--workers',
  '--web-concurrency': '--workers',
  '--root-path': '--root-path',
  '--forwarded-allow-ips': '--forwarded-allow-ips',
  '--proxy-headers': '--proxy-headers',
  '--no-proxy-headers': '--no-proxy-headers',
  '--reload': '--reload',
  '-r': '--reload',
  '--uds': '--uds',
  '-U': '--uds',
};
const ofAddress = /^(?:--host|-H|--port|-p)(?:=|$)/;
const ofApplication = /^(?:--app|--entrypoint|-e)(?:=|$)/;

/**
 * Reads `fastapi run app/main.py --workers 4` and `litestar --app shop:app run --wc 4`, which run uvicorn; undefined for
 * options that it does not have.
 */
function frameworkLine(program: string, rest: Words): Omit<Line, 'env'> | undefined {
  if (!rest.includes('run')) return undefined;
  const words: string[] = [];
  let [file, named]: (string | undefined)[] = [];
  const all = rest.filter((word) => word !== 'run');
  for (let at = 0; at < all.length; at += 1) {
    const [flag = '', given] = (all[at] ?? '').split('=');
    const isSwitch = /^(?:--(?:no-)?proxy-headers|--reload|-r)$/.test(flag);
    const value = isSwitch || !flag.startsWith('-') ? undefined : (given ?? all[(at += 1)]);
    const name = uvicornNames[flag];
    if (!flag.startsWith('-')) file = flag;
    else if (ofApplication.test(flag)) named = value;
    else if (name !== undefined) words.push(name, ...(value === undefined ? [] : [value]));
    else if (!ofAddress.test(flag)) return undefined;
  }
  return {server: 'uvicorn', module: program === 'litestar' ? named : moduleOf(file, named), words};
}

/** `app/main.py` and the variable in it; `--entrypoint` names both. */
function moduleOf(file: string | undefined, named: string | undefined): string | undefined {
  if (named?.includes(':') === true) return named;
  return file === undefined ? undefined : `${file.replace(/\.py$/, '').replaceAll('/', '.')}:${named ?? 'app'}`;
}

/** The application of a line for a server that `run` does not start: which one serves it is decided without the line. */
export function foreignModule(text: string): string | undefined {
  const words = readWords(text)?.words ?? [];
  if (!/^(?:daphne|hypercorn|waitress-serve)$/.test(words[0] ?? '')) return undefined;
  return words.slice(1).find((word) => /^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(\))?$/.test(word));
}
