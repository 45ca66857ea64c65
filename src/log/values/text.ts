// Printable characters that JSON takes as they are. Not C1 controls (0x9b begins an escape sequence) and not the line
// separators U+0085, U+2028 and U+2029, at which other programs split lines.
const plain = /^[ !#-[\]-~\u00a0-\u2027\u202a-\ud7ff\ue000-\ufffd]*$/;
const unsafe = /[\u007f-\u009f\u2028\u2029]/g;

/** Text as JSON that is one line for every reader. Lone surrogates become escapes. */
export function quoted(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  return JSON.stringify(text).replace(unsafe, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The first `length` UTF-16 units of a text, or one fewer: a pair of surrogates is not split. */
export function head(text: string, length: number): string {
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
