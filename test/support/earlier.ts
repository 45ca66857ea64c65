import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after} from 'node:test';
import {dockerBuild} from '../../src/commands/docker/index.ts';
import {certificateFile, findDockerClient} from '../../src/image/docker.ts';
import {noEcho, systemRunner} from '../../src/shell/index.ts';

const root = join(import.meta.dirname, '../..');
/** What the bundle of an earlier version needs, and no `tsc`: its declarations are of no use here. */
const packages = ['.bin/node', 'esbuild', '@esbuild', 'valibot', 'yaml'];

export interface Earlier {
  /** Its command. */
  readonly entrypoint: string;
  /** The tag of its haproxy image. */
  readonly haproxy: string;
}

const quiet = (): void => {};

/**
 * Builds an earlier version of this project in a temporary directory: its command, with the packages of this one, and
 * its haproxy image, under a tag of its own. Both are removed after the tests.
 * @throws Error where the history does not have the commit
 */
export async function buildEarlier(commit: string, tag: string): Promise<Earlier> {
  requireCommit(commit);
  const directory = mkdtempSync(join(tmpdir(), 'entrypoint-earlier-'));
  after(() => {
    rmSync(directory, {recursive: true, force: true});
    execFileSync('sh', ['-c', `docker image rm --force '${tag}' >/dev/null 2>&1 || :`]);
  });
  execFileSync('tar', ['--extract', '--directory', directory], {
    input: execFileSync('git', ['archive', commit], {cwd: root, maxBuffer: 256 * 1024 * 1024}),
  });
  mkdirSync(join(directory, 'node_modules/.bin'), {recursive: true});
  for (const name of packages) {
    const path = join(root, 'node_modules', name);
    if (existsSync(path)) symlinkSync(path, join(directory, 'node_modules', name));
  }
  execFileSync(process.execPath, ['scripts/build.ts'], {cwd: directory, stdio: ['ignore', 'ignore', 'pipe']});

  const run = systemRunner({cwd: directory, env: process.env, echo: noEcho, stdout: quiet, stderr: quiet});
  const client = await findDockerClient({run, env: process.env});
  const ca = certificateFile(process.env);
  await run(dockerBuild({context: 'images/haproxy', tags: [tag], secretFiles: ca === undefined ? {} : {ca}}, client), {
    capture: true,
  });
  return {entrypoint: join(directory, 'bin/entrypoint'), haproxy: tag};
}

function requireCommit(commit: string): void {
  try {
    execFileSync('git', ['cat-file', '-e', `${commit}^{commit}`], {cwd: root, stdio: 'ignore'});
  } catch {
    throw new Error(
      `commit ${commit} is not in this repository, whose history is probably shallow\nfix: git fetch --unshallow`,
    );
  }
}
