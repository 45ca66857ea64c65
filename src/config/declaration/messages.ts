import type {Fault} from './evaluate.ts';
import type {SchemaField, TypedField} from './fields.ts';
import {alternatives, formOf} from './form.ts';

/** One line for each fault: what is wrong, what is expected, where it is used, what to do. Python's are the same. */
export function faultText(fault: Fault): string {
  const {field} = fault;
  const example = field.example === undefined ? '' : `, such as ${field.example}`;
  return `${whatText(fault)}: expected ${formOf(field)}${example}; used by ${usersOf(field)}; ${remedyOf(fault)}`;
}

function whatText({field: {name}, kind, variable, reason, shown, issues = []}: Fault): string {
  switch (kind) {
    case 'unset':
      return `${name} is not set`;
    case 'conflict':
      return `${name} and ${name}_FILE are both set`;
    case 'unreadable':
      return `${variable} names a file that cannot be read (${reason})`;
    case 'password':
      return `${variable} ${variable === name ? 'is' : 'names a file with'} a URL with a password`;
    case 'form': {
      const what = variable === name ? name : `the file of ${variable}`;
      return `${what} is ${shown ?? 'not valid'}${issues.length === 0 ? '' : ` (${issues.join('; ')})`}`;
    }
  }
}

/** `every task`, or the tasks by name. */
export const usersOf = ({tasks}: TypedField | SchemaField): string =>
  tasks === undefined ? 'every task' : alternatives(tasks, 'and');

function remedyOf({field: {name, isSecret}, kind, variable}: Fault): string {
  switch (kind) {
    case 'unset':
      return isSecret ? `set ${name}_FILE to the path of a file, or ${name}` : `set ${name}`;
    case 'conflict':
      return 'unset one of them';
    case 'unreadable':
      return `correct ${variable}`;
    case 'password':
      return `pass the password in a variable of its own, or declare ${name} as a secret`;
    case 'form':
      return variable === name ? `correct ${name}` : 'correct the file';
  }
}

/** All faults as one text: a headline, a line for each, and the fix. */
export function faultsText(faults: readonly Fault[]): string {
  const count = faults.length === 1 ? '1 problem' : `${faults.length} problems`;
  return [`the configuration is not valid: ${count}`, ...faults.map((one) => `  ${faultText(one)}`), fix].join('\n');
}

const fix = 'fix: set these variables where the service starts; entrypoint config lists all of them';
