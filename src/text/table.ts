export interface TableOptions {
  /** Spaces before each line. Default 0. */
  readonly indent?: number;
  /** Spaces between two columns. Default 3. */
  readonly gap?: number;
  /** Columns at which the last cell of a row wraps. Default: it does not wrap. */
  readonly width?: number;
}

/**
 * Rows of cells as aligned lines without trailing spaces.
 * @example
 * table([['a', 'first'], ['bcd', 'second']], {indent: 2}) // ['  a     first', '  bcd   second']
 */
export function table(
  rows: readonly (readonly string[])[],
  {indent = 0, gap = 3, width = Infinity}: TableOptions = {},
): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.flatMap((row) => {
    const before = row.slice(0, -1).map((cell, at) => cell.padEnd((widths[at] ?? 0) + gap));
    const start = ' '.repeat(indent) + before.join('');
    return wrap(row.at(-1) ?? '', width - start.length).map((text, line) =>
      (line === 0 ? start + text : ' '.repeat(start.length) + text).trimEnd(),
    );
  });
}

/** A text as lines of at most `width` characters, broken at spaces; a longer word has a line of its own. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && longer.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, line];
}
