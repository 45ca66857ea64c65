import type {Setting} from '../model/types.ts';

const placeholder = /\$\{([^}:\s]{1,200})(?::[^}]{0,500})?\}/g;

/** What `${...}` in a value names: an environment variable if it is all of the value and in capitals, else keys. */
export function placeholders(value: string): Pick<Setting, 'references' | 'variable'> {
  const names = [...value.matchAll(placeholder)].map(([, name = '']) => name.replace(/:?[-?].*$/, ''));
  if (names.length === 0) return {};
  const [first = ''] = names;
  const whole = /^\$\{[^}]*\}$/.test(value) && /^[A-Z_][A-Z0-9_]*$/.test(first);
  return whole ? {references: names, variable: first} : {references: names};
}
