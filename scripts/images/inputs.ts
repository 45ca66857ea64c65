import {createHash} from 'node:crypto';
import {globSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import type {Image} from './list.ts';

/** The label with the hash of an image's inputs. */
export const inputsLabel = 'entrypoint.inputs';

/** A hash of an image's files, their modes and its base image. READMEs and what Python writes beside its files do not count. */
export function inputsHash(root: string, image: Image, parentId: string): string {
  const hash = createHash('sha256').update(`${parentId}\0`);
  for (const file of globSync([...image.inputs], {cwd: root}).toSorted()) {
    if (/(?:^|\/)__pycache__(?:\/|$)/.test(file)) continue;
    const path = join(root, file);
    const stat = statSync(path);
    if (!stat.isFile() || file.endsWith('README.md')) continue;
    hash.update(`${file}\0${stat.mode & 0o111}\0${stat.size}\0`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}
