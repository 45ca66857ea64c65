import measured from 'fast-string-truncated-width';

/** How text looks on a terminal. */
export interface Look {
  readonly columns: number;
  readonly rows: number;
  readonly colour: boolean;
  /** Whether the terminal shows more than ASCII. */
  readonly unicode: boolean;
}

const codes = {bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36};

export const paint = ({colour}: Look, style: keyof typeof codes, text: string): string =>
  colour && text !== '' ? `\u001b[${codes[style]}m${text}\u001b[0m` : text;

export const ellipsis = ({unicode}: Pick<Look, 'unicode'>): string => (unicode ? '…' : '...');

/** The columns that a text takes; colours take none. */
export const widthOf = (text: string): number => measured(text).width;

/** A text of one line without colours, cut to a number of columns. */
export function cut(text: string, columns: number, look: Pick<Look, 'unicode'>): string {
  if (widthOf(text) <= columns) return text;
  const mark = ellipsis(look);
  if (columns <= mark.length) return mark.slice(0, Math.max(0, columns));
  // Every character but an accent has a column or two.
  const characters = Array.from(text.slice(0, 4 * columns));
  while (characters.length > 0 && widthOf(characters.join('')) > columns - mark.length) characters.pop();
  return `${characters.join('')}${mark}`;
}

/** A line of a program's output without what would move the cursor. */
export const plainLine = (text: string): string =>
  // A line that a program has drawn over: what was drawn last.
  process
    .getBuiltinModule('node:util')
    .stripVTControlCharacters(text.replace(/\r+$/, '').replace(/^.*\r/s, ''))
    .replaceAll('\t', ' ')
    // eslint-disable-next-line no-control-regex
    .replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '');

const spinner = {unicode: '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏', ascii: '|/-\\'};

/** The mark of what runs: another one every tenth of a second. */
export function spinnerMark({unicode}: Look, now: number): string {
  const frames = unicode ? spinner.unicode : spinner.ascii;
  return frames[Math.floor(now / 100) % frames.length] ?? '';
}

/**
 * A duration in seven columns or fewer.
 * @example
 * durationText(75); // 1m 15s
 */
export function durationText(seconds: number): string {
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 3600
    ? `${Math.floor(whole / 60)}m ${String(whole % 60).padStart(2, '0')}s`
    : `${Math.floor(whole / 3600)}h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')}m`;
}
