// A scanner for TypeScript text: enough to find the end of a call, a declaration or an object without a parser, which
// TypeScript 7 does not offer to JavaScript.

/** The text between the bracket at `open` and its partner. Brackets in strings and comments do not count. */
export function balanced(text: string, open: number): string {
  let depth = 0;
  for (let at = open; at < text.length; at = next(text, at)) {
    if ('([{'.includes(text[at] ?? '')) depth += 1;
    else if (')]}'.includes(text[at] ?? '')) {
      depth -= 1;
      if (depth === 0) return text.slice(open + 1, at);
    }
  }
  throw new Error(`unbalanced: ${text.slice(open, open + 60)}`);
}

/** Splits at a character outside of brackets, strings and comments. */
export function splitOutside(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length;) {
    if ('([{'.includes(text[at] ?? '')) at += balanced(text, at).length + 2;
    else if (text[at] === separator) {
      parts.push(text.slice(start, at));
      at += 1;
      start = at;
    } else at = next(text, at);
  }
  return [...parts, text.slice(start)];
}

/** The number of the line that has this offset. */
export const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** The next offset: a string and a comment count as one character. */
function next(text: string, at: number): number {
  const character = text[at] ?? '';
  if (`'"\``.includes(character)) return endOfString(text, at);
  // In a regular expression a slash has a backslash before it.
  if (text.startsWith('//', at) && text[at - 1] !== '\\') return orEnd(text, text.indexOf('\n', at));
  if (text.startsWith('/*', at) && text[at - 1] !== '\\') return orEnd(text, text.indexOf('*/', at) + 2);
  return at + 1;
}

const orEnd = (text: string, at: number): number => (at < 2 ? text.length : at);

function endOfString(text: string, start: number): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (quote === '`' && text.startsWith('${', at)) at += balanced(text, at + 1).length + 2;
    else if (text[at] === quote) return at + 1;
  }
  throw new Error(`unterminated: ${text.slice(start, start + 60)}`);
}
