import {mkdtemp, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {dockerCopyIn, dockerCreate, dockerLogs} from '../../commands/docker/index.ts';
import {wordsText} from '../../shell/argv.ts';
import {isOwnImage} from '../image/facts.ts';
import {awaitEnd, type Bench, serviceFacts, withContainer} from './containers.ts';

/** What arrived of much output. */
export interface Output {
  readonly sent: number;
  /** At a reader that is slow to begin. */
  readonly read: number;
  /** In the engine's log. */
  readonly logged: number;
}

const megabytes = 10;
const bytes = megabytes * 1024 * 1024;

// In lines of 1 KiB, as a log has them. Started as the service is: what the way to it leaves on the stream counts.
const ownProgram = `const line = 'x'.repeat(1023) + '\\n';
const {writeSync} = process.getBuiltinModule('node:fs');
for (let left = ${bytes / 1024}; left > 0; left -= 1) writeSync(1, line);
process.exit(0);
`;

/** Lets something print 10 MB by the image's own entry point; undefined where that starts nothing of ours. */
export function probeOutput(bench: Bench): Promise<Output | undefined> {
  return isOwnImage(bench.image) ? throughOurCommand(bench) : throughShell(bench);
}

async function throughOurCommand(bench: Bench): Promise<Output | undefined> {
  const {run} = bench;
  const directory = await mkdtemp(join(tmpdir(), 'entrypoint-check-'));
  return withContainer(bench, 'output', (container) =>
    run.scope(async (scope) => {
      scope.always(['rm', '-rf', directory]);
      await writeFile(join(directory, 'server.mjs'), ownProgram, {mode: 0o644});
      await run(['chmod', '755', directory], {capture: true});
      await run(
        dockerCreate(
          serviceFacts(bench, 'output', {
            environment: {},
            secrets: {},
            command: ['-C', '/srv/flood', 'run', '--module=server.mjs'],
          }),
        ),
        {capture: true},
      );
      await run(dockerCopyIn(directory, container, '/srv/flood'), {capture: true});
      return count(bench, container);
    }),
  );
}

function throughShell(bench: Bench): Promise<Output | undefined> {
  return withContainer(bench, 'output', async (container) => {
    const command = ['sh', '-c', `head -c ${bytes} /dev/zero | tr '\\0' x`];
    await bench.run(dockerCreate(serviceFacts(bench, 'output', {command})), {capture: true});
    const found = await count(bench, container);
    // Where the entry point takes no command, or there is no shell, nothing of it can have arrived.
    return found.logged < 1024 * 1024 && found.read === found.logged ? undefined : found;
  });
}

async function count(bench: Bench, container: string): Promise<Output> {
  const start = wordsText(['docker', 'start', '--attach', container]);
  const {stdout} = await bench.run(['sh', '-c', `${start} | { sleep 1; wc -c; }`], {
    capture: true,
    timeoutSeconds: 15,
    allow: [137],
  });
  await awaitEnd(bench, container, 5);
  const logged = await bench.run(['sh', '-c', `${wordsText(dockerLogs(container, {}))} 2>/dev/null | wc -c`], {
    capture: true,
  });
  return {sent: bytes, read: Number(stdout.trim() || 0), logged: Number(logged.stdout.trim())};
}
