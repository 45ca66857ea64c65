import type {Declared} from '../../declaration/evaluate.ts';
import {formOf} from '../../declaration/form.ts';

/** Whether a field has no value of its own. */
export function isRequired(field: Declared): boolean {
  if (field.optional === true || field.default !== undefined) return false;
  // A schema can have a default of its own.
  if (field.type !== undefined) return true;
  try {
    const result = field.schema['~standard'].validate(undefined);
    return result instanceof Promise || result.issues !== undefined;
  } catch {
    return true;
  }
}

/** The text of a field's default, as a variable would have it; undefined if it has none. */
export function defaultText(field: Declared): string | undefined {
  const {default: usual} = field;
  if (usual === undefined) return undefined;
  if (field.type === 'list') return (usual as readonly string[]).join(field.separator ?? ',');
  return typeof usual === 'string' && field.type !== 'JSON' ? usual : JSON.stringify(usual);
}

/** `a whole number from 1 to 100`, `text; secret` */
export const formText = (field: Declared): string => `${formOf(field)}${field.isSecret ? '; secret' : ''}`;
