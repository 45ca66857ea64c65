import {execFileSync} from 'node:child_process';
import {lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {directoryWith} from './directory.ts';

/** An environment without the user's configuration of git. */
export const environment = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.com',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.com',
};

export function git(cwd: string, ...words: readonly string[]): string {
  return execFileSync('git', ['-c', 'protocol.file.allow=always', ...words], {cwd, env: environment, encoding: 'utf8'});
}

/** A repository with one commit of these files. */
export function repository(files: Readonly<Record<string, string>>): string {
  const directory = directoryWith(files);
  git(directory, 'init', '--quiet');
  commit(directory);
  return directory;
}

/** Commits every file, and returns the commit. */
export function commit(directory: string): string {
  git(directory, 'add', '--all');
  git(directory, 'commit', '--quiet', '--message', 'a change');
  return git(directory, 'rev-parse', 'HEAD').trim();
}

export function put(directory: string, name: string, text: string): void {
  mkdirSync(join(directory, name, '..'), {recursive: true});
  writeFileSync(join(directory, name), text);
}

/** All files of a directory, with their content. */
export function filesIn(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory, {recursive: true, encoding: 'utf8'})
      .filter((name) => lstatSync(join(directory, name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}
