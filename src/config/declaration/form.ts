import type {SchemaField, TypedField} from './fields.ts';

/** What a field accepts, for messages: `a whole number from 1 to 100`. The Python module says the same. */
export function formOf(field: TypedField | SchemaField): string {
  switch (field.type) {
    case undefined:
      return field.expected ?? 'what its schema accepts';
    case 'text':
      return field.minLength === undefined ? 'text' : `text of at least ${field.minLength} characters`;
    case 'integer':
      return `a whole number${rangeOf(field)}`;
    case 'number':
      return `a number${rangeOf(field)}`;
    case 'boolean':
      return 'true or false';
    case 'duration':
      return `a duration such as 30s or 1h30m${rangeOf(field)}`;
    case 'size':
      return `a size such as 64MiB or 2GB${rangeOf(field)}`;
    case 'URL':
      return field.schemes === undefined ? 'a URL' : `a URL with the scheme ${alternatives(field.schemes)}`;
    case 'port':
      return 'a port from 1 to 65535';
    case 'list':
      return `a list separated by ${separatorText(field.separator ?? ',')}`;
    case 'enum':
      return `one of ${field.choices.join(', ')}`;
    case 'JSON':
      return 'JSON';
    case 'base64':
      return 'base64';
    case 'certificate':
      return 'a certificate in PEM form';
    case 'key':
      return 'a private key in PEM form';
  }
}

const separators: Readonly<Record<string, string>> = {',': 'commas', ';': 'semicolons', ' ': 'spaces', ':': 'colons'};

const separatorText = (separator: string): string => separators[separator] ?? `"${separator}"`;

interface Bounds {
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
}

function rangeOf({min, max}: Bounds): string {
  if (min === undefined) return max === undefined ? '' : ` of at most ${max}`;
  return max === undefined ? ` of at least ${min}` : ` from ${min} to ${max}`;
}

/** `a, b or c` */
export function alternatives(words: readonly string[], last = 'or'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
}
