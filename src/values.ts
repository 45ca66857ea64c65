import {quote} from './shell/argv.ts';
import {nearest} from './text/nearest.ts';
import type {Mistake} from './mistakes.ts';
import type {Option} from './option.ts';

export type Reading = {readonly value: unknown} | {readonly mistake: Mistake};

const numberText = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const truths: Readonly<Record<string, boolean>> = {
  true: true, yes: true, on: true, '1': true, false: false, no: false, off: false, '0': false,
};

/**
 * The value of an option from the texts that were given for it, oldest first: a list takes all of them, the
 * others the last one. `subject` is what the user wrote it behind: `--rows`, or a variable's name.
 */
export function readValue(option: Option<unknown>, texts: readonly string[], subject: string): Reading {
  const text = texts.at(-1) ?? '';
  const wrong = (must: string, facts: Omit<Mistake, 'what'> = {}): Reading => ({
    mistake: {what: `${subject} is ${text === '' ? 'empty' : quote(text)}, and must be ${must}`, ...facts},
  });
  if (option.kind === 'list') return {value: texts};
  if (option.kind === 'string') return {value: text};
  if (option.kind === 'number') return numberText.test(text) && Number.isFinite(Number(text)) ? {value: Number(text)} : wrong('a number');
  if (option.kind === 'boolean') {
    const truth = Object.hasOwn(truths, text.toLowerCase()) ? truths[text.toLowerCase()] : undefined;
    return truth === undefined ? wrong('true or false') : {value: truth};
  }
  const choices = option.choices ?? [];
  return choices.includes(text) ? {value: text} : wrong(`one of ${choices.join(', ')}`, {meant: nearest(text, choices)});
}

/** The value of an option that the command line left out, from the first of its variables that is set and not empty. */
export function readVariable(option: Option<unknown>, names: readonly string[], env: Readonly<Record<string, string | undefined>>): Reading | undefined {
  const name = names.find((candidate) => (env[candidate] ?? '') !== '');
  if (name === undefined) return undefined;
  const text = env[name] ?? '';
  const reading = readValue(option, option.kind === 'list' ? text.split(',') : [text], name);
  if ('value' in reading) return reading;
  return {mistake: {...reading.mistake, what: reading.mistake.what.replace(name, `the environment variable ${name}`)}};
}
