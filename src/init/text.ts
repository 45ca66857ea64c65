import {type Description, factsText, type Undecided} from '../runtimes/description.ts';
import type {Proposal} from './files.ts';
import type {Imported} from './from/imported.ts';

/** New files as a unified diff. */
export function diffText({files}: Pick<Proposal, 'files'>): string {
  return files
    .map(({path, text}) => {
      const lines = text.replace(/\n$/, '').split('\n');
      return [
        '--- /dev/null',
        `+++ ${path}`,
        `@@ -0,0 +1${lines.length === 1 ? '' : `,${lines.length}`} @@`,
        ...lines.map((line) => `+${line}`),
      ].join('\n');
    })
    .join('\n');
}

/** What was found, and what became of other tools' files. */
export function foundTexts(
  directory: string,
  description: Pick<Description, 'facts'>,
  imported: readonly Imported[],
): readonly string[] {
  return [`${directory}: ${factsText(description.facts)}`, imported.map(importedText).join('\n')];
}

/** What was left as it is, and what is open. */
export function openTexts(kept: readonly string[], undecided: readonly Undecided[]): readonly string[] {
  return [kept.map((path) => `${path} is there already, and stays as it is`).join('\n'), undecidedText(undecided)];
}

function importedText({file, taken, left}: Imported): string {
  const place = ({line}: {readonly line: number}): string => (line === 0 ? file : `${file}:${line}`);
  return [
    ...taken.map((one) => `${place(one)}: ${one.key} is ${one.as}`),
    ...left.map((one) => `${place(one)}: ${one.key} is not taken: ${one.reason}`),
  ].join('\n');
}

function undecidedText(undecided: readonly Undecided[]): string {
  if (undecided.length === 0) return '';
  return ['to decide:', ...undecided.flatMap(({what, write}) => [`  ${what}`, `    ${write}`])].join('\n');
}
