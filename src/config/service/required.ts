import type {Context} from '../../task.ts';
import {neededBy} from '../declaration/report.ts';
import {readDeclaration} from './find.ts';
import {isRequired} from './model/about.ts';

/** What a declaration says about the variables of a service, for checks from outside. */
export interface DeclaredNames {
  /** Without one of these, the service does not start. */
  readonly required: readonly string[];
  readonly secrets: readonly string[];
}

/**
 * The names that `run` needs; undefined without a declaration.
 * @throws Problem `bad_declaration` (exit code 65)
 */
export async function declaredNames(context: Pick<Context, 'cwd'>): Promise<DeclaredNames | undefined> {
  const declaration = await readDeclaration(context);
  if (declaration === undefined) return undefined;
  const fields = neededBy(declaration.fields, 'run');
  return {
    required: fields.filter(isRequired).map(({name}) => name),
    secrets: fields.filter(({isSecret}) => isSecret).map(({name}) => name),
  };
}
