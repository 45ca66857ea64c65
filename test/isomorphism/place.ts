import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

const root = join(import.meta.dirname, '../..');
const entrypoint = join(root, 'bin/entrypoint');
const socket = '/var/run/docker.sock';

export interface Told {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** An example in a repository of its own, and the two ways to run its tasks. */
export interface Place {
  readonly name: string;
  readonly directory: string;
  /** `entrypoint WORDS` in the service's directory. */
  outside(this: void, words: readonly string[]): Told;
  /** `docker run IMAGE WORDS`, with the engine's socket. The directory `reports` is /reports there. */
  inside(this: void, words: readonly string[]): Told;
  must(this: void, program: string, ...words: readonly string[]): string;
  /** Takes away all that the tasks made. */
  remove(this: void): void;
  /** A report's text, of the last run outside or inside. */
  report(this: void, where: 'outside' | 'inside', file: string): string;
}

export interface PlaceFacts {
  readonly example: string;
  /** Installs what the tasks need outside; the words of one command. */
  readonly install: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export function makePlace({example, install, env: given}: PlaceFacts): Place {
  // Below the project, as the demo's copy is: a type checker finds `entrypoint/tasks` upwards from there.
  const below = join(root, '.isomorphism');
  mkdirSync(below, {recursive: true});
  const name = `iso-${randomBytes(4).toString('hex')}`;
  const directory = mkdtempSync(join(below, `${name}-`));
  chmodSync(directory, 0o755);
  const reports = join(directory, 'reports');
  const {NODE_TEST_CONTEXT: _, ...environment} = process.env;
  const env = {...environment, ...given};
  const tell = (program: string, words: readonly string[]): Told => {
    const {status, stdout, stderr} = spawnSync(program, words, {
      cwd: directory,
      env,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    return {code: status, stdout, stderr};
  };
  const must: Place['must'] = (program, ...words) => {
    const {code, stdout, stderr} = tell(program, words);
    assert.equal(code, 0, `${program} ${words.join(' ')}\n${stdout}${stderr}`);
    return stdout;
  };

  cpSync(join(root, 'examples', example), directory, {
    recursive: true,
    filter: (path) =>
      !/\/(?:node_modules|\.venv|reports|__pycache__|\.\w+_cache)(?:\/|$)/.test(path.slice(root.length)),
  });
  const file = join(directory, 'deploy.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^service: .*$/m, `service: ${name}`));
  writeFileSync(join(directory, '.gitignore'), 'node_modules/\n.venv/\nreports/\n__pycache__/\n.*_cache/\n');
  const remove = (): void => {
    tell(entrypoint, ['remove', 'local', '--volumes']);
    const images = new Set(
      tell('docker', ['images', '--quiet', '--filter', `label=entrypoint.service_name=${name}`])
        .stdout.split('\n')
        .filter((id) => id !== ''),
    );
    if (images.size > 0) tell('docker', ['image', 'rm', '--force', ...images]);
    rmSync(directory, {recursive: true, force: true});
  };
  const make = (): {readonly image: string} => {
    must('git', 'init', '--quiet');
    must('git', 'add', '--all');
    must('git', '-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '--message=one');
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
    // The image's user writes there.
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
      return tell(
        entrypoint,
        task.map((word) => word.replace('/reports', directoryOf('outside'))),
      );
    },
    inside: (task) => {
      fresh('inside');
      // On the engine's network, since the test's registry is at the engine's 127.0.0.1.
      return tell('docker', [
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

/** Names of the tests in a JUnit file, with how each ended. */
export function testCases(junit: string): string[] {
  return [...junit.matchAll(/<testcase\b([^>]*?)(\/>|>([^]*?)<\/testcase>)/g)]
    .map(([, attributes = '', , body = '']) => {
      const [, test = ''] = / name="([^"]*)"/.exec(` ${attributes}`) ?? [];
      const how = /<(failure|error|skipped)\b/.exec(body)?.[1] ?? 'passed';
      return `${test}: ${how}`;
    })
    .toSorted();
}

/** A text without what differs from run to run: times, ids, addresses, and where the service's directory is. */
export function steady(text: string, place: Place): string {
  return text
    .replaceAll(place.directory, '/content')
    .replaceAll(/\b\d+(?:\.\d+)? ?m?s\b/g, 'TIME')
    .replaceAll(/duration_ms \S+/g, 'TIME')
    .replaceAll(/127\.0\.0\.1:\d+/g, 'ADDRESS')
    .replaceAll(/release \d+/g, 'release N');
}
