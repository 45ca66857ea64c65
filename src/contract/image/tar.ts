import {closeSync, openSync, readSync} from 'node:fs';

/** Random access to bytes. */
export interface ByteSource {
  readonly size: number;
  /** At most `length` bytes from `offset`; fewer only at the end. */
  read(this: void, offset: number, length: number): Buffer;
}

export interface TarEntry {
  readonly path: string;
  readonly type: 'file' | 'link' | 'directory' | 'other';
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Position of its content in the archive, in bytes. */
  readonly offset: number;
}

const block = 512;
const types: Readonly<Record<string, TarEntry['type']>> = {
  '': 'file',
  '0': 'file',
  '7': 'file',
  '1': 'link',
  '5': 'directory',
};

/** Reads headers and skips contents: the cost grows with the number of files, not with their size. */
export function* tarEntries(source: ByteSource): Generator<TarEntry> {
  let longPath: string | undefined;
  for (let at = 0; at + block <= source.size;) {
    const header = source.read(at, block);
    if (header.length < block || header[0] === 0) return;
    const size = number(header, 124, 12);
    const type = text(header, 156, 1);
    const offset = at + block;
    at = offset + Math.ceil(size / block) * block;
    // PAX and GNU tar store a long path in an extra entry before the one that it names.
    if (type === 'x') longPath = paxPath(source.read(offset, size)) ?? longPath;
    else if (type === 'L') longPath = text(source.read(offset, size), 0, size);
    else if (type !== 'g' && type !== 'K') {
      const prefix = text(header, 257, 5) === 'ustar' && header[262] === 0 ? text(header, 345, 155) : '';
      const path = longPath ?? (prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`);
      longPath = undefined;
      yield {
        path: path.replace(/^(\.?\/)+/, '').replace(/\/$/, ''),
        type: types[type] ?? 'other',
        mode: number(header, 100, 8),
        uid: number(header, 108, 8),
        gid: number(header, 116, 8),
        size,
        offset,
      };
    }
  }
}

function text(bytes: Buffer, start: number, length: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('utf8', start, end === -1 || end > start + length ? start + length : end);
}

// Octal text; a set high bit marks a binary number, for values that do not fit.
function number(bytes: Buffer, start: number, length: number): number {
  if (((bytes[start] ?? 0) & 0x80) !== 0)
    return Number(BigInt(`0x${bytes.toString('hex', start + length - 8, start + length)}`));
  return Number.parseInt(text(bytes, start, length).trim() || '0', 8);
}

// Records are `length key=value\n`; length counts the bytes of the whole record, its own digits included.
function paxPath(bytes: Buffer): string | undefined {
  let path: string | undefined;
  for (let at = 0; at < bytes.length;) {
    const length = Number.parseInt(bytes.toString('utf8', at, at + 20), 10);
    if (!(length > 0)) break;
    const record = bytes.toString('utf8', at, at + length - 1);
    const [, key, value] = /^\d+ ([^=]*)=([^]*)$/.exec(record) ?? [];
    if (key === 'path') path = value;
    at += length;
  }
  return path;
}

export const bufferSource = (bytes: Buffer): ByteSource => ({
  size: bytes.length,
  read: (offset, length) => bytes.subarray(offset, offset + length),
});

/** A section of another source, such as an archive inside an archive. */
export const slice = (source: ByteSource, from: number, size: number): ByteSource => ({
  size,
  read: (offset, length) => source.read(from + offset, Math.max(0, Math.min(length, size - offset))),
});

/** Opens a file of `size` bytes for `body`, and closes it afterwards. */
export function withFile<T>(path: string, size: number, body: (source: ByteSource) => T): T {
  const file = openSync(path, 'r');
  try {
    return body({
      size,
      read: (offset, length) => {
        const bytes = Buffer.alloc(length);
        return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
      },
    });
  } finally {
    closeSync(file);
  }
}
