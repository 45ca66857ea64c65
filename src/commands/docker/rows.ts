// A label's value can contain commas and spaces; but not the separator, a tab.
const tab = '\t';

/**
 * The columns of a docker listing: names of your choice, each with the Go template that prints it. One declaration gives
 * the `--format` and the names of the cells that are read back.
 * @example
 * const columns = {name: '{{.Names}}', role: labelCell('entrypoint.role')};
 * rowFormat(columns); // '{{.Names}}\t{{.Label "entrypoint.role"}}'
 * parseRows(columns, 'shop.prod.1.1\tapp\n'); // [{name: 'shop.prod.1.1', role: 'app'}]
 */
export type Columns<Name extends string> = Readonly<Record<Name, string>>;

/** A row, by the names of its columns. A cell that docker did not print is empty. */
export type Row<Name extends string> = Readonly<Record<Name, string>>;

/** A label's value in a listing: `docker ps`, `docker volume ls`. Empty if the label is missing. */
export const labelCell = (name: string): string => `{{.Label "${name}"}}`;

/** The `--format` that prints a row of these columns. */
export const rowFormat = (columns: Columns<string>): string => Object.values(columns).join(tab);

/** Reads what {@link rowFormat} printed, one record a line. */
export function parseRows<Name extends string>(columns: Columns<Name>, text: string): Row<Name>[] {
  const names = Object.keys(columns) as Name[];
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const cells = line.split(tab);
      return Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ''])) as Row<Name>;
    });
}

/**
 * Adjacent cells as they appear in a row, for a shell pattern.
 * @throws RangeError for columns that are not adjacent
 */
export function rowPart<Name extends string>(columns: Columns<Name>, cells: Partial<Row<Name>>): string {
  const names = Object.keys(columns).filter((name) => name in cells) as Name[];
  const all = Object.keys(columns);
  if (all.indexOf(names.at(-1) ?? '') - all.indexOf(names[0] ?? '') !== names.length - 1)
    throw new RangeError(`the columns ${names.join(', ')} are not adjacent`);
  return names.map((name) => cells[name]).join(tab);
}
