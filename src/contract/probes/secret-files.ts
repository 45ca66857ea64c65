import {mkdtemp} from 'node:fs/promises';
import {join} from 'node:path';
import {dockerCopyIn, dockerCreate, dockerStart} from '../../commands/docker/index.ts';
import type {SecretReference} from '../../shell/argv.ts';
import {isSecretName} from '../../text/secret-name.ts';
import type {ServiceUnderTest} from '../image/service-under-test.ts';
import {awaitReply, type ProbeContext, secondsToStart, serviceContainer, withContainer} from './containers.ts';

export interface SecretFiles {
  readonly names: readonly string[];
  readonly answered: boolean;
  readonly error: string;
}

/** Names of the variables that hold secrets: those declared as such; without a declaration, by reference or by name. */
export function secretVariables({environment, secrets, declared}: ServiceUnderTest): string[] {
  if (declared !== undefined) return declared.secrets.filter((name) => name in secrets || name in environment);
  return [...Object.keys(secrets), ...Object.keys(environment).filter(isSecretName)];
}

// The values come through the environment, since the words of a command are printed.
const writeFiles =
  'cd "$0" && umask 022 && mkdir files && for name; do eval "printf %s \\"\\$SECRET_$name\\"" >"files/$name"; done';

/** Starts the service with `NAME_FILE` instead of each secret `NAME`. */
export async function probeSecretFiles(context: ProbeContext): Promise<SecretFiles | undefined> {
  const {run, service} = context;
  const names = secretVariables(service);
  if (names.length === 0) return undefined;
  const directory = await mkdtemp(join(context.temporary, 'entrypoint-check-'));
  return withContainer(context, 'secret-files', (container) =>
    run.scope(async (scope) => {
      scope.always(['rm', '-rf', directory]);
      const environment = Object.entries(service.environment).filter(([name]) => !names.includes(name));
      await run(
        dockerCreate(
          serviceContainer(context, 'secret-files', {
            environment: Object.fromEntries([
              ...environment,
              ...names.map((name) => [`${name}_FILE`, `/etc/entrypoint-check/${name}`]),
            ]),
            secrets: {},
          }),
        ),
        {capture: true},
      );
      // `docker cp` of the directory creates it in the container. Any user can read the files, as Docker's own secrets.
      const values = {secrets: references(service, names), env: plain(service, names)};
      await run({words: ['sh', '-c', writeFiles, directory, ...names], ...values}, {capture: true});
      await run(dockerCopyIn(join(directory, 'files'), container, '/etc/entrypoint-check'), {capture: true});
      await run(dockerStart(container), {capture: true, allow: [1]});
      const {ok, error} = await awaitReply(context, 'secret-files', {
        seconds: Math.max(10, await secondsToStart(context)),
      });
      return {names, answered: ok, error};
    }),
  );
}

// The prefix keeps a secret's name from overriding a variable that the shell needs, such as PATH.
function references({secrets}: ServiceUnderTest, names: readonly string[]): Record<string, SecretReference> {
  return Object.fromEntries(
    names.flatMap((name) => (secrets[name] === undefined ? [] : [[`SECRET_${name}`, secrets[name]]])),
  );
}

function plain({environment, secrets}: ServiceUnderTest, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (secrets[name] === undefined ? [[`SECRET_${name}`, environment[name] ?? '']] : [])),
  );
}
