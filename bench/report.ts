/** What a benchmark found. The first row is what the others are compared with. */
export interface Report {
  readonly name: string;
  /** What was measured, how, and what the ratios are of. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Limits, peers that are missing, and so on: a line each. */
  readonly notes: readonly string[];
  readonly passed: boolean;
}

export interface Row {
  readonly what: string;
  /** One a column, in its order. NaN: not measured. */
  readonly figures: readonly number[];
  readonly ratio: number;
}

/** Says what happens now, and which peer is missing. */
export type Note = (text: string) => void;

/** How much is measured: `quick` for a look, `full` for figures that take long. Not every benchmark has all three. */
export interface BenchOptions {
  readonly quick: boolean;
  readonly full: boolean;
}

export type Bench = (note: Note, options: BenchOptions) => Promise<Report>;

/** The report for people. */
export function reportTable({name, about, columns, rows, notes}: Report): string {
  const lines = [
    [name, ...columns, 'ratio'],
    ...rows.map(({what, figures, ratio}) => [
      what,
      ...figures.map((figure) => (Number.isNaN(figure) ? '-' : figure.toFixed(1))),
      `${ratio.toFixed(2)} x`,
    ]),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index + 1]?.length ?? 0)));
  const first = Math.max(...lines.map(([what = '']) => what.length));
  const table = lines.map(([what = '', ...figures]) =>
    [what.padEnd(first), ...figures.map((figure, index) => figure.padStart(widths[index] ?? 8))].join('   '),
  );
  return `${[about, '', ...table, '', ...notes].join('\n')}\n`;
}

/** The middle one; of two, their mean. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
}
