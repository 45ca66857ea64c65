import {cut, ellipsis, type Look, widthOf} from './look.ts';

// The parts of a word in a shell's quotation. A text that ends within one is a word as well.
const wordPattern = /(?:[^\s'"\\]|\\[^]|'[^']*(?:'|$)|"(?:[^"\\]|\\[^])*(?:"|$))+/g;
const hereDocument = / <<'(END_*)'\n([^]*)\n?\1(\n\))?$/;

const longestWord = 48;
const shownOfWord = 16;
const fewestOptions = 3;

// What would move the cursor, or end the line.
// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f]/;

/** A size in bytes, in eight columns or fewer. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_950 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * Digests and long ids by their first twelve digits, as docker prints them.
 * @example
 * shortIds(`shop@sha256:${'0123456789abcdef'.repeat(4)}`, {unicode: true}); // shop@sha256:0123456789ab…
 */
export const shortIds = (text: string, look: Pick<Look, 'unicode'>): string =>
  text.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{28,}\b/g, `$1${ellipsis(look)}`);

/**
 * A command on one line of at most `columns`: as it is if it fits. Otherwise a here-document and long words become their
 * size, and where that is not short enough, options and then words in the middle become their number. What is left out is marked by an ellipsis; what
 * has none can be pasted.
 */
export function foldCommand(text: string, columns: number, look: Pick<Look, 'unicode'>): string {
  // It can be pasted.
  if (!control.test(text) && widthOf(text) <= columns) return text;
  const mark = ellipsis(look);
  const document = hereDocument.exec(text);
  const command = document === null ? text : text.slice(0, document.index);
  const [, end = '', content = '', closing = ''] = document ?? [];
  const words = (command.match(wordPattern) ?? []).map((word) => foldWord(word, look));
  if (document !== null) {
    const lines = content.split('\n').length - (content.endsWith('\n') ? 1 : 0);
    words.push(
      `<<'${end}'`,
      `${mark}${counted(lines, 'line')}, ${sizeText(Buffer.byteLength(content))}${closing.trim()}`,
    );
  }
  const whole = words.join(' ');
  if (widthOf(whole) <= columns) return whole;
  const fewer = withoutOptions(words, mark);
  return widthOf(fewer.join(' ')) <= columns ? fewer.join(' ') : withoutMiddle(fewer, columns, look);
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function foldWord(word: string, look: Pick<Look, 'unicode'>): string {
  const short = shortIds(word, look);
  if (short.length <= longestWord && !control.test(short)) return short;
  const [start = ''] = short.split(control);
  const quotes = /^['"]/.exec(word)?.[0] ?? '';
  return `${start.slice(0, shownOfWord)}${ellipsis(look)}${sizeText(Buffer.byteLength(word))}${quotes}`;
}

/** Options one after the other, as ssh gets them, become their number. */
function withoutOptions(words: readonly string[], mark: string): string[] {
  const folded: string[] = [];
  let options: string[] = [];
  const flush = (): void => {
    folded.push(...(options.length < fewestOptions ? options : [`${mark}${options.length} options`]));
    options = [];
  };
  for (const word of words) {
    if (/^'?-[^-]|^'?--./.test(word)) options.push(word);
    else {
      flush();
      folded.push(word);
    }
  }
  flush();
  return folded;
}

/** The first words, and the last one if it is short: it is what they are for, such as an image. */
function withoutMiddle(words: readonly string[], columns: number, look: Pick<Look, 'unicode'>): string {
  const mark = ellipsis(look);
  const end = words.slice(-1).filter((word) => widthOf(word) <= columns / 3);
  for (let kept = words.length - 1 - end.length; kept > 0; kept -= 1) {
    const text = [...words.slice(0, kept), `${mark}${counted(words.length - kept - end.length, 'word')}`, ...end].join(
      ' ',
    );
    if (widthOf(text) <= columns) return text;
  }
  return cut(words.join(' '), columns, look);
}
