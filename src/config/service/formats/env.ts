import {usersOf} from '../../declaration/messages.ts';
import {defaultText, formText, isRequired} from '../model/about.ts';
import type {Declaration} from '../model/declaration.ts';

/** A `.env` file to fill in: required variables without a value, all others as comments with their defaults. */
export function envFile({fields}: Declaration): string {
  return fields
    .map((field) => {
      const {name, description, example, isSecret} = field;
      const about = [
        ...(description === undefined ? [] : [`# ${description}`]),
        `# ${formText(field)}${example === undefined ? '' : `, such as ${example}`}; used by ${usersOf(field)}`,
        ...(isSecret ? [`# or ${name}_FILE=PATH`] : []),
      ];
      const line = `${name}=${quoted(defaultText(field) ?? '')}`;
      return [...about, isRequired(field) ? line : `#${line}`].join('\n');
    })
    .join('\n\n');
}

const quoted = (text: string): string =>
  /^[\w.,:/@%+-]*$/.test(text) ? text : text.includes("'") ? JSON.stringify(text) : `'${text}'`;
