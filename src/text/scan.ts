import {kebab} from './names.ts';

/** The properties of a flag that the scanner uses. */
export interface ScannableFlag {
  /** Name of its value, such as `FILE`; undefined for a switch, which takes none. */
  readonly value?: string | undefined;
}

/** One or two words of a command line, classified. */
export type Token<F extends ScannableFlag> =
  /** `afterUnknownFlag`: it can also be the value of the unknown flag before it. */
  | {readonly type: 'word'; readonly text: string; readonly afterUnknownFlag: boolean}
  | {readonly type: 'flag'; readonly flag: F; readonly written: string; readonly value: string}
  | {readonly type: 'unknown'; readonly written: string}
  /** A known flag without its value, or `--no-` with one: `${written} ${wrong}`. */
  | {readonly type: 'wrong'; readonly written: string; readonly wrong: string; readonly fix: string};

/**
 * Reads the words of a command line before `--`: `--flag=value`, `--flag value`, `--switch`, `--no-switch`,
 * `--switch=false`, `-f value`, `-fvalue` and switches together as in `-nq`. A negative number and a dash alone are
 * words. The scanner never guesses: a word that looks like a flag is never the value of the flag before it.
 *
 * `find` is called when a flag is reached, so that the words before it can decide which flags exist.
 * Long names come with dashes, whatever the spelling. A switch has the value `true` or `false`, or what `=` gives it.
 */
export function* scan<F extends ScannableFlag>(
  words: readonly string[],
  find: (name: string, length: 'long' | 'short') => F | undefined,
): Generator<Token<F>> {
  let at = 0;
  let afterUnknownFlag = false;

  /** The word after a flag as its value, or why there is none. */
  const following = (flag: F, written: string): Token<F> => {
    const next = words[at];
    if (next !== undefined && next !== '--' && !looksLikeFlag(next)) {
      at += 1;
      return {type: 'flag', flag, written, value: next};
    }
    const glue = written.startsWith('--') ? '=' : '';
    const usage = `write ${written}${glue === '' ? ' ' : glue}${flag.value}`;
    const meant = next === undefined || next === '--' ? '' : `, or ${written}${glue}${next} if ${next} is the value`;
    // An unknown short flag is most likely the value: it is not reported a second time.
    if (next !== undefined && /^-[^-]/.test(next) && find(next.charAt(1), 'short') === undefined) at += 1;
    return {type: 'wrong', written, wrong: 'needs a value', fix: `${usage}${meant}`};
  };

  const long = (word: string): Token<F> => {
    const [written = '', ...rest] = word.split('=');
    const given = rest.length === 0 ? undefined : rest.join('=');
    const name = kebab(written.slice(2));
    const flag = find(name, 'long');
    if (flag !== undefined) {
      const value = given ?? (flag.value === undefined ? 'true' : undefined);
      return value === undefined ? following(flag, written) : {type: 'flag', flag, written, value};
    }
    const negated = name.startsWith('no-') ? find(name.slice(3), 'long') : undefined;
    if (negated === undefined || negated.value !== undefined) {
      afterUnknownFlag = given === undefined;
      return {type: 'unknown', written};
    }
    if (given !== undefined) return {type: 'wrong', written, wrong: 'takes no value', fix: `write ${written}`};
    return {type: 'flag', flag: negated, written, value: 'false'};
  };

  while (at < words.length) {
    const word = words[at++] ?? '';
    if (word === '--') return;
    if (!looksLikeFlag(word)) {
      yield {type: 'word', text: word, afterUnknownFlag};
      afterUnknownFlag = false;
      continue;
    }
    afterUnknownFlag = false;
    if (word.startsWith('--')) {
      yield long(word);
      continue;
    }
    for (let index = 1; index < word.length; index += 1) {
      const letter = word.charAt(index);
      const flag = find(letter, 'short');
      const written = `-${letter}`;
      if (flag === undefined) {
        afterUnknownFlag = index + 1 === word.length;
        yield {type: 'unknown', written};
        break;
      }
      if (flag.value === undefined) {
        yield {type: 'flag', flag, written, value: 'true'};
        continue;
      }
      const glued = word.slice(index + 1);
      yield glued === '' ? following(flag, written) : {type: 'flag', flag, written, value: glued};
      break;
    }
  }
}

/** The arguments after the first `--`. */
export function wordsBehindDashes(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end === -1 ? [] : words.slice(end + 1);
}

function looksLikeFlag(word: string): boolean {
  return word.length > 1 && word.startsWith('-') && !/^-\.?\d/.test(word);
}
