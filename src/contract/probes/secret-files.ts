import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {dockerCopyIn, dockerCreate, dockerStart} from '../../commands/docker/index.ts';
import type {SecretReference} from '../../shell/argv.ts';
import {isSecretName} from '../image/secrets.ts';
import type {Subject} from '../image/subject.ts';
import {awaitReply, type Bench, serviceFacts, withContainer} from './containers.ts';

export interface SecretFiles {
  readonly names: readonly string[];
  readonly answered: boolean;
  readonly error: string;
}

/** The variables that hold secrets: by reference, or by their names. */
export function secretVariables({environment, secrets}: Subject): string[] {
  return [...Object.keys(secrets), ...Object.keys(environment).filter(isSecretName)];
}

// The values come by the environment: the words of a command are printed.
const writeFiles =
  'cd "$0" && umask 022 && mkdir files && for name; do eval "printf %s \\"\\$SECRET_$name\\"" >"files/$name"; done';

/** Starts the service with `NAME_FILE` in place of each secret `NAME`. */
export async function probeSecretFiles(bench: Bench): Promise<SecretFiles | undefined> {
  const {run, subject} = bench;
  const names = secretVariables(subject);
  if (names.length === 0) return undefined;
  const directory = await mkdtemp(join(tmpdir(), 'entrypoint-check-'));
  return withContainer(bench, 'secret-files', (container) =>
    run.scope(async (scope) => {
      scope.always(['rm', '-rf', directory]);
      const environment = Object.entries(subject.environment).filter(([name]) => !names.includes(name));
      await run(
        dockerCreate(
          serviceFacts(bench, 'secret-files', {
            environment: Object.fromEntries([
              ...environment,
              ...names.map((name) => [`${name}_FILE`, `/etc/entrypoint-check/${name}`]),
            ]),
            secrets: {},
          }),
        ),
        {capture: true},
      );
      // The directory as a whole: `docker cp` makes it in the container. Any user may read, as with Docker's own secrets.
      const fed = {secrets: references(subject, names), env: plain(subject, names)};
      await run({words: ['sh', '-c', writeFiles, directory, ...names], ...fed}, {capture: true});
      await run(dockerCopyIn(join(directory, 'files'), container, '/etc/entrypoint-check'), {capture: true});
      await run(dockerStart(container), {capture: true, allow: [1]});
      const {ok, error} = await awaitReply(bench, 'secret-files', {seconds: 10});
      return {names, answered: ok, error};
    }),
  );
}

// Prefixed: a secret may be called PATH_TOKEN, but never shall it take the shell's own PATH away.
function references({secrets}: Subject, names: readonly string[]): Record<string, SecretReference> {
  return Object.fromEntries(
    names.flatMap((name) => (secrets[name] === undefined ? [] : [[`SECRET_${name}`, secrets[name]]])),
  );
}

function plain({environment, secrets}: Subject, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (secrets[name] === undefined ? [[`SECRET_${name}`, environment[name] ?? '']] : [])),
  );
}
