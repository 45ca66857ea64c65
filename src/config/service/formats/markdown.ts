import {usersOf} from '../../declaration/messages.ts';
import {defaultText, formText, isRequired} from '../model/about.ts';
import type {Declaration} from '../model/declaration.ts';

/** A table for a README. */
export function markdown({fields}: Declaration): string {
  const rows = fields.map((field) => {
    const {name, description, example, isSecret} = field;
    const usual = defaultText(field);
    return [
      isSecret ? `\`${name}\` or \`${name}_FILE\`` : `\`${name}\``,
      usual !== undefined ? `\`${usual}\`` : isRequired(field) ? 'required' : '',
      [description, `${formText(field)}${example === undefined ? '' : `, such as \`${example}\``}`]
        .filter((one) => one !== undefined)
        .join(': '),
      usersOf(field),
    ].map((cell) => cell.replaceAll('|', '\\|'));
  });
  return [['variable', 'default', 'meaning', 'used by'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
