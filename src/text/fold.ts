/** Lines of a log in a message. */
export const foldedLines = 20;
const longestBlock = 60;
const longestLine = 400;

/**
 * The end of a log, short enough for a message: lines that repeat, alone or as a block such as a stack trace, are printed
 * once with their number, and long lines are cut. Lines that differ in digits only are equal: those are times and ids.
 * @param most lines, counted after the folding
 */
export function foldLog(lines: readonly string[], most: number = foldedLines): string[] {
  const keys = lines.map((line) => line.replaceAll(/[0-9a-f]{8,}|\d+/gi, '#'));
  const folded: string[] = [];
  for (let at = 0; at < lines.length;) {
    const {size, times} = repetition(keys, at);
    folded.push(...lines.slice(at, at + size));
    if (times > 1) folded.push(`... ${size === 1 ? '' : `these ${size} lines `}repeated ${times} times`);
    at += size * times;
  }
  return folded.slice(-most).map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)}...` : line));
}

/** The shortest block that begins here and is repeated; a line that comes twice is not worth another line. */
function repetition(keys: readonly string[], at: number): {readonly size: number; readonly times: number} {
  for (let size = 1; size <= longestBlock && at + 2 * size <= keys.length; size += 1) {
    let times = 1;
    while (equal(keys, at, at + times * size, size)) times += 1;
    if (size * (times - 1) > 1) return {size, times};
  }
  return {size: 1, times: 1};
}

function equal(keys: readonly string[], one: number, other: number, size: number): boolean {
  if (other + size > keys.length) return false;
  for (let index = 0; index < size; index += 1) if (keys[one + index] !== keys[other + index]) return false;
  return true;
}
