import {chmodSync, mkdirSync, readdirSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {usageProblem} from '../../errors.ts';
import type {OutputFile} from './write/files.ts';

/**
 * Refuses a directory that has files.
 * @throws Problem `usage` (exit code 64) if it is there and not empty
 */
export function requireNewDirectory(directory: string, given: string): void {
  const stats = statSync(directory, {throwIfNoEntry: false});
  if (stats === undefined || (stats.isDirectory() && readdirSync(directory).length === 0)) return;
  throw usageProblem(`--output must be a new directory, and ${given} is there already`, `--output=${given}.new`);
}

/** Writes the files; those with secrets can be read by their owner only. */
export function writeFiles(directory: string, files: readonly OutputFile[]): void {
  mkdirSync(directory, {recursive: true});
  for (const {name, text, secret} of files) {
    const path = join(directory, name);
    writeFileSync(path, text, {mode: secret ? 0o600 : 0o644});
    if (secret) chmodSync(path, 0o600);
  }
}
