import {randomBytes} from 'node:crypto';
import {chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {entrypoint, type Outcome, serviceIn} from '../support/service.ts';

const root = join(import.meta.dirname, '../..');
const socket = '/var/run/docker.sock';

/** An example in a repository of its own, and the two ways to run its tasks. */
export interface Place {
  readonly name: string;
  readonly directory: string;
  /** `entrypoint WORDS` in the service's directory. */
  outside(this: void, words: readonly string[]): Outcome;
  /** `docker run IMAGE WORDS`, with the engine's socket. The directory `reports` is /reports there. */
  inside(this: void, words: readonly string[]): Outcome;
  must(this: void, program: string, ...words: readonly string[]): string;
  /** Removes everything that the tasks created. */
  remove(this: void): void;
  /** The text of a report from the last run outside or inside. */
  report(this: void, where: 'outside' | 'inside', file: string): string;
}

export interface PlaceFacts {
  readonly example: string;
  /** Words of the command that installs what the tasks need outside. */
  readonly install: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export function makePlace({example, install, env: given}: PlaceFacts): Place {
  // Below the project, like the copy of the demo: a type checker finds `entrypoint/tasks` in a parent directory.
  const below = join(root, '.isomorphism');
  mkdirSync(below, {recursive: true});
  const name = `iso-${randomBytes(4).toString('hex')}`;
  const directory = mkdtempSync(join(below, `${name}-`));
  chmodSync(directory, 0o755);
  const reports = join(directory, 'reports');
  const {run, must, commit, remove: removeAll} = serviceIn(directory, given);

  cpSync(join(root, 'examples', example), directory, {
    recursive: true,
    filter: (path) =>
      !/\/(?:node_modules|\.venv|reports|__pycache__|\.\w+_cache)(?:\/|$)/.test(path.slice(root.length)),
  });
  const file = join(directory, 'deploy.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^service: .*$/m, `service: ${name}`));
  writeFileSync(join(directory, '.gitignore'), 'node_modules/\n.venv/\nreports/\n__pycache__/\n.*_cache/\n');
  const remove = (): void => removeAll(name);
  const make = (): {readonly image: string} => {
    commit();
    const [program = '', ...words] = install;
    must(program, ...words);
    return JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string};
  };
  let built: {readonly image: string};
  try {
    built = make();
  } catch (error) {
    remove();
    throw error;
  }
  const directoryOf = (where: 'outside' | 'inside'): string => join(reports, where);
  const fresh = (where: 'outside' | 'inside'): void => {
    rmSync(directoryOf(where), {recursive: true, force: true});
    mkdirSync(directoryOf(where), {recursive: true});
    // The image's user writes to it.
    chmodSync(directoryOf(where), 0o777);
  };
  const variables = Object.keys(given).flatMap((variable) => ['--env', variable]);
  return {
    name,
    directory,
    must,
    remove,
    outside: (task) => {
      fresh('outside');
      return run(
        entrypoint,
        task.map((word) => word.replace('/reports', directoryOf('outside'))),
      );
    },
    inside: (task) => {
      fresh('inside');
      // On the engine's network, since the test's registry is at the engine's 127.0.0.1.
      return run('docker', [
        'run',
        '--rm',
        '--network',
        'host',
        '--volume',
        `${socket}:${socket}`,
        '--volume',
        `${directoryOf('inside')}:/reports`,
        ...variables,
        built.image,
        ...task,
      ]);
    },
    report: (where, report) => {
      const path = join(directoryOf(where), report);
      return existsSync(path) ? readFileSync(path, 'utf8') : '';
    },
  };
}

/** Names and results of the tests in a JUnit file. */
export function testCases(junit: string): string[] {
  return [...junit.matchAll(/<testcase\b([^>]*?)(\/>|>([^]*?)<\/testcase>)/g)]
    .map(([, attributes = '', , body = '']) => {
      const [, test = ''] = / name="([^"]*)"/.exec(` ${attributes}`) ?? [];
      const how = /<(failure|error|skipped)\b/.exec(body)?.[1] ?? 'passed';
      return `${test}: ${how}`;
    })
    .toSorted();
}

/** A text without values that differ between runs: times, ids, addresses, and the service's directory. */
export function steady(text: string, place: Place): string {
  return text
    .replaceAll(place.directory, '/content')
    .replaceAll(/\b\d+(?:\.\d+)? ?m?s\b/g, 'TIME')
    .replaceAll(/duration_ms \S+/g, 'TIME')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/release \d+/g, 'release N');
}
