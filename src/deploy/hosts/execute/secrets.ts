import {quote, type SecretReference, toCommand} from '../../../shell/argv.ts';
import {secretValues} from '../../../shell/secrets.ts';
import type {Context} from '../../../task.ts';
import type {Plan} from '../plan/plan.ts';

/** The secrets of a plan's steps, by name, without those from commands: a command may prompt, and runs only when needed. */
export function secretsOf({first, rounds}: Pick<Plan, 'first' | 'rounds'>): Record<string, SecretReference> {
  const commands = [...first, ...rounds]
    .flat()
    .flatMap((step) => step.commands)
    .map(toCommand);
  const named = commands.flatMap(
    ({secrets = {}, secretLines = {}, secretInput = []}): (readonly [string, SecretReference])[] =>
      Object.entries(secrets).concat(
        Object.entries(secretLines),
        secretInput.map((reference) => [
          'file' in reference ? reference.file : 'env' in reference ? reference.env : 'a text',
          reference,
        ]),
      ),
  );
  return Object.fromEntries(named.filter(([, reference]) => !('command' in reference)));
}

/**
 * Checks, before anything changes, that every variable and file exists that the plan needs.
 * @throws Problem `secret_missing`, which names all missing ones and never a value
 */
export async function requireSecrets({run, cwd, env}: Pick<Context, 'run' | 'cwd' | 'env'>, plan: Plan): Promise<void> {
  const secrets = secretsOf(plan);
  const references = Object.values(secrets);
  if (references.length === 0) return;
  const variables = [
    ...new Set(references.flatMap((reference) => ('env' in reference ? [`"\${${reference.env}:?}"`] : []))),
  ];
  const files = [
    ...new Set(references.flatMap((reference) => ('file' in reference ? [`test -r ${quote(reference.file)}`] : []))),
  ];
  const text = [...(variables.length === 0 ? [] : [`: ${variables.join(' ')}`]), ...files].join(' && ');
  await run.act(text, () =>
    secretValues({words: [], secrets}, {cwd, env, capture: () => Promise.resolve({code: 0, stdout: ''})}),
  );
}
