import {exitCode, problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import {evaluate} from '../declaration/evaluate.ts';
import {faultsText} from '../declaration/messages.ts';
import {faultsOf, neededBy, warningsOf} from '../declaration/report.ts';
import {readDeclaration} from './find.ts';

/**
 * Validates the environment of a Python service before its server starts: the workers, which validate it too, come later
 * and each on its own. A Node service does it itself, in the process that serves.
 * @throws Problem `bad_configuration` (exit code 3) with every problem at once, `bad_declaration` (65)
 */
export async function requireValidHere(context: Pick<Context, 'cwd' | 'env' | 'note'>, task: string): Promise<void> {
  const {env, note} = context;
  const declaration = await readDeclaration(context);
  if (declaration === undefined || env['ENTRYPOINT_CONFIG'] === 'defaults') return;
  const {fields, names} = declaration;
  const entries = evaluate(neededBy(fields, task), names, env);
  for (const text of warningsOf(entries, names, env)) note(text);
  const faults = faultsOf(entries);
  if (faults.length > 0)
    throw problem({code: 'bad_configuration', what: faultsText(faults), exitCode: exitCode.notBooted});
}
