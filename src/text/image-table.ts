import {table} from './table.ts';

type Rows = readonly (readonly string[])[];

/**
 * Tables whose last column is an image, all in one form: with as much of the image as fits into the columns, by its first
 * twelve digits, as docker prints them.
 * @param columns the width of the screen. Default: nothing is shortened
 * @param optional how many of the last columns can be left out. Default: none
 * @example
 * imageTables([[['7', 'deploy', `r:5000/shop@sha256:${'0123456789abcdef'.repeat(4)}`]]], 80); // [['7  deploy  r:5000/shop@sha256:0123456789ab']]
 */
export function imageTables(
  tables: readonly Rows[],
  columns: number | undefined,
  optional = 0,
): readonly (readonly string[])[] {
  const shown = (form: (row: readonly string[]) => readonly string[]): readonly (readonly string[])[] =>
    tables.map((rows) => table(rows.map(form), {gap: 2}));
  if (columns === undefined) return shown((row) => row);
  const images = [shortDigest, (image: string) => shortDigest(image).replace(/^.*\//, ''), digestAlone];
  const forms = [
    ...images.map((shorten) => (row: readonly string[]) => [...row.slice(0, -1), shorten(row.at(-1) ?? '')]),
    ...Array.from({length: optional}, (_, index) => (row: readonly string[]) => row.slice(0, -1 - index)),
  ];
  const fits = (found: readonly (readonly string[])[]): boolean => found.flat().every((line) => line.length <= columns);
  const form = forms.find((one) => fits(shown(one))) ?? forms.at(-1);
  return form === undefined ? [] : shown(form);
}

const shortDigest = (image: string): string => image.replace(/(?<=sha256:[0-9a-f]{12})[0-9a-f]+/, '');
const digestAlone = (image: string): string => /sha256:[0-9a-f]{12}/.exec(image)?.[0] ?? image;
