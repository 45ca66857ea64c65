/** The results of a benchmark. Ratios are relative to the first row. */
export interface Report {
  readonly name: string;
  /** What is measured, how, and what the ratio compares. */
  readonly about: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Limits, skipped contenders and so on, one line each. */
  readonly notes: readonly string[];
  readonly passed: boolean;
}

export interface Row {
  readonly what: string;
  /** One figure for each column. NaN: not measured. */
  readonly figures: readonly number[];
  readonly ratio: number;
}

/** Prints progress, and which contender is skipped. */
export type Note = (text: string) => void;

/** How much to measure: `quick` for fewer rounds, `full` for the long measurements too. Not every benchmark has both. */
export interface BenchOptions {
  readonly quick: boolean;
  readonly full: boolean;
}

export type Bench = (note: Note, options: BenchOptions) => Promise<Report>;

/** The report as a table for people. */
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

/** The middle figure; of an even number, the mean of the middle two. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
}
