import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {chmodSync, cpSync, mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after} from 'node:test';
import {lines} from '../support/docker.ts';
import {type Outcome, serviceIn, type TemporaryService} from '../support/service.ts';

export {entrypoint} from '../support/service.ts';

/** A service in a git repository; its containers and images are removed after the tests. */
export interface Tiny extends Omit<TemporaryService, 'remove'> {
  readonly name: string;
  /** Like {@link run}, without blocking this process. */
  start(
    this: void,
    program: string,
    words: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): {readonly kill: (signal: NodeJS.Signals) => void; readonly ended: Promise<Outcome>};
  write(this: void, name: string, text: string): void;
  /** Writes deploy.yaml with these settings of the environment `local`. */
  describe(this: void, local?: string): void;
  /** Names of the service's containers, networks and volumes. */
  leftovers(this: void): string[];
}

export function makeTiny(): Tiny {
  const name = `tiny-${randomBytes(4).toString('hex')}`;
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  const service = serviceIn(directory);
  const {must, commit, environment} = service;
  const start: Tiny['start'] = (program, words, env) => {
    const child = spawn(program, words, {
      cwd: directory,
      env: {...environment, ...env},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<Outcome>((resolve) =>
      child.once('close', (code, signal) => resolve({code, signal, stdout, stderr})),
    );
    return {kill: (signal) => void child.kill(signal), ended};
  };
  const write: Tiny['write'] = (file, text) => writeFileSync(join(directory, file), text);
  const describe: Tiny['describe'] = (local = '') =>
    write('deploy.yaml', `service: ${name}\nenvironments: {local: {${local}}}\n`);
  const label = `label=entrypoint.service_name=${name}`;
  const leftovers: Tiny['leftovers'] = () =>
    [
      must('docker', 'ps', '--all', '--filter', label, '--format', '{{.Names}}'),
      must('docker', 'network', 'ls', '--filter', label, '--format', '{{.Name}}'),
      must('docker', 'volume', 'ls', '--filter', label, '--format', '{{.Name}}'),
    ].flatMap(lines);

  cpSync(join(import.meta.dirname, 'fixtures/tiny'), directory, {recursive: true});
  // mkdtemp makes a private directory, and COPY keeps that mode in the image.
  chmodSync(directory, 0o755);
  describe();
  commit();
  after(() => {
    describe();
    service.remove(name);
  });
  return {...service, name, start, write, describe, leftovers};
}
