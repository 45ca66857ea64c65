import {mkdtemp, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {dockerCopyIn, dockerCreate, dockerLogs} from '../../commands/docker/index.ts';
import {wordsText} from '../../shell/argv.ts';
import {isSecretName} from '../../text/secret-name.ts';
import {isOwnImage} from '../image/facts.ts';
import {secretKindsIn} from '../image/secrets.ts';
import {awaitExit, type ProbeContext, serviceContainer, withContainer} from './containers.ts';

/** How much of a program's output arrived, in bytes. */
export interface Output {
  readonly sent: number;
  /** Read by a client that starts reading late. */
  readonly read: number;
  /** Stored in the engine's log. */
  readonly logged: number;
}

const sentBytes = 10 * 1024 * 1024;

// Lines of 1 KiB, like a log. The program starts as the service does, so it inherits the same stream flags.
const floodModule = `const line = 'x'.repeat(1023) + '\\n';
const {writeSync} = process.getBuiltinModule('node:fs');
for (let left = ${sentBytes / 1024}; left > 0; left -= 1) writeSync(1, line);
process.exit(0);
`;

/** Starts a program through the image's entry point and lets it print 10 MB; undefined: the entry point starts no other program. */
export function probeOutput(context: ProbeContext): Promise<Output | undefined> {
  return isOwnImage(context.image) ? throughRunTask(context) : throughShell(context);
}

async function throughRunTask(context: ProbeContext): Promise<Output | undefined> {
  const {run} = context;
  const directory = await mkdtemp(join(context.temporary, 'entrypoint-check-'));
  return withContainer(context, 'output', (container) =>
    run.scope(async (scope) => {
      scope.always(['rm', '-rf', directory]);
      await writeFile(join(directory, 'server.mjs'), floodModule, {mode: 0o644});
      await run(['chmod', '755', directory], {capture: true});
      await run(
        dockerCreate(
          serviceContainer(context, 'output', {
            environment: {},
            secrets: {},
            command: ['-C', '/srv/flood', 'run', '--module=server.mjs'],
          }),
        ),
        {capture: true},
      );
      await run(dockerCopyIn(directory, container, '/srv/flood'), {capture: true});
      return countBytes(context, container);
    }),
  );
}

function throughShell(context: ProbeContext): Promise<Output | undefined> {
  return withContainer(context, 'output', async (container) => {
    const command = ['sh', '-c', `head -c ${sentBytes} /dev/zero | tr '\\0' x`];
    await context.run(dockerCreate(serviceContainer(context, 'output', {command})), {capture: true});
    const output = await countBytes(context, container);
    // Hardly any output: the entry point accepts no command, or the image has no shell.
    return output.logged < 1024 * 1024 && output.read === output.logged ? undefined : output;
  });
}

async function countBytes(context: ProbeContext, container: string): Promise<Output> {
  const start = wordsText(['docker', 'start', '--attach', container]);
  const {stdout} = await context.run(['sh', '-c', `${start} | { sleep 1; wc -c; }`], {
    capture: true,
    timeoutSeconds: 15,
    allow: [137],
  });
  await awaitExit(context, container, 5);
  const logged = await context.run(['sh', '-c', `${wordsText(dockerLogs(container, {}))} 2>/dev/null | wc -c`], {
    capture: true,
  });
  return {sent: sentBytes, read: Number(stdout.trim() || 0), logged: Number(logged.stdout.trim())};
}

/** What is known about the lines of a service's log. */
export interface LogFacts {
  readonly lines: number;
  /** Lines that continue the event of the line before. */
  readonly continued: number;
  /** Characters of the longest line. */
  readonly longest: number;
  /** Names of secrets whose value is in the log, and kinds of others. */
  readonly secrets: readonly string[];
}

/** Indentation, as in a stack, and what begins its parts: of Node, Python, Java, Go and Ruby. */
const continuation =
  /^\s+\S|^Traceback \(most recent call last\):|^Caused by: |^During handling of the above exception|^goroutine \d+ \[|^[}\])]+[,;]?$/;

/** @param printed lines of its log */
export async function logFacts(
  context: ProbeContext,
  container: string,
  printed: readonly string[],
): Promise<LogFacts> {
  const lines = printed.filter((line) => line.trim() !== '');
  return {
    lines: lines.length,
    continued: lines.filter((line) => continuation.test(line)).length,
    // Not as arguments of one call: a log can have more lines than those can be.
    longest: lines.reduce((most, {length}) => Math.max(most, length), 0),
    secrets: [...(await loggedSecrets(context, container, lines)), ...new Set(lines.flatMap(secretKindsIn))],
  };
}

// Shorter values are ordinary words.
const leastLength = 6;

async function loggedSecrets(
  {run, service}: ProbeContext,
  container: string,
  lines: readonly string[],
): Promise<readonly string[]> {
  const given = Object.entries(service.environment)
    .filter(
      ([name, value]) =>
        isSecretName(name) && value.length >= leastLength && lines.some((line) => line.includes(value)),
    )
    .map(([name]) => name);
  const found = await Promise.all(
    Object.entries(service.secrets).map(async ([name, reference]) => {
      const {stdout} = await run(
        {words: ['sh', '-c', `${wordsText(dockerLogs(container))} 2>&1 | ${counting}`], secrets: {SECRET: reference}},
        {capture: true},
      );
      return Number(stdout.trim()) > 0 ? [name] : [];
    }),
  );
  return [...given, ...found.flat()];
}

// The value is in a variable of this one process: on a command line, others could see it.
const counting = `awk 'length(ENVIRON["SECRET"]) >= ${leastLength} && index($0, ENVIRON["SECRET"]) {n++} END {print n + 0}'`;
