import {table} from './table.ts';

/** A label, and its values, one on a line. */
export type ResultRow = readonly [label: string, values: readonly string[]];

/**
 * The result of a task for a person: a sentence, then what can be copied, each on a line of its own.
 * @param next commands that can follow
 * @example
 * resultText('shop release 2 serves in prod', [['address', ['http://10.0.0.1:8080']]], ['entrypoint status prod']);
 */
export const resultText = (head: string, rows: readonly ResultRow[], next: readonly string[] = []): string =>
  [
    head,
    ...table(
      [...rows, ['next', next] as const].flatMap(([label, values]) =>
        values.map((value, index) => [index === 0 ? label : '', value]),
      ),
      {gap: 2},
    ),
  ].join('\n');

/**
 * An image as rows of a result: its name, and its digest.
 * @example
 * imageRows('127.0.0.1:5000/shop@sha256:0123'); // [['image', ['127.0.0.1:5000/shop']], ['digest', ['sha256:0123']]]
 */
export function imageRows(reference: string): ResultRow[] {
  const [, name = '', digest = ''] = /^(.*?)@?(sha256:[0-9a-f]+)?$/.exec(reference) ?? [];
  return [
    ...(name === '' ? [] : [['image', [name]] satisfies ResultRow]),
    ...(digest === '' ? [] : [['digest', [digest]] satisfies ResultRow]),
  ];
}
