import {closeSync, constants, fstatSync, openSync, readFileSync} from 'node:fs';

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value comes from. */
export type Origin =
  | {readonly from: 'environment'}
  | {readonly from: 'file'; readonly path: string}
  | {readonly from: 'default'}
  | {readonly from: 'nowhere'};

/** A variable's text, or why there is none. Reasons never contain a value: a path can be a secret in the wrong variable. */
export type Found =
  | {readonly text: string; readonly origin: Origin}
  | {readonly missing: true}
  | {readonly conflict: true}
  | {readonly unreadable: string};

/**
 * The text of a variable, or of the file that `NAME_FILE` names. An empty variable counts as not set, as in `.env` files.
 * @param files whether `NAME_FILE` is not a variable of its own
 */
export function findText(name: string, env: Environment, files: boolean): Found {
  const text = env[name] ?? '';
  const path = files ? (env[`${name}_FILE`] ?? '') : '';
  if (text !== '' && path !== '') return {conflict: true};
  if (text !== '') return {text, origin: {from: 'environment'}};
  return path === '' ? {missing: true} : readFile(path);
}

const mostBytes = 1024 * 1024;

function readFile(path: string): Found {
  try {
    const bytes = readBytes(path);
    if (typeof bytes === 'string') return {unreadable: bytes};
    const text = new TextDecoder('utf-8', {fatal: true}).decode(bytes).replace(/(?:\r?\n)+$/, '');
    return text === '' ? {unreadable: 'it is empty'} : {text, origin: {from: 'file', path}};
  } catch (error) {
    const {code = 'EINVAL'} = error as NodeJS.ErrnoException;
    return {unreadable: code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'not UTF-8' : shortCode(code)};
  }
}

// Node refuses a NUL in a path itself, with a code of its own.
const shortCode = (code: string): string => (code.startsWith('ERR_') ? 'EINVAL' : code);

/** A file's bytes, or what is wrong with it. A device can be endless, and a pipe that is not open yet blocks. */
function readBytes(path: string): Uint8Array | string {
  // O_NONBLOCK: opening a pipe without a writer would wait for one.
  const fd = openSync(path, constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return 'EISDIR';
    if (!stat.isFile()) return 'not a regular file';
    if (stat.size > mostBytes) return 'more than 1 MiB';
    const bytes = readFileSync(fd);
    return bytes.length > mostBytes ? 'more than 1 MiB' : bytes;
  } finally {
    closeSync(fd);
  }
}
