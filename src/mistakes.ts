import {exitCode, problem} from './errors.ts';
import type {Problem} from './errors.ts';

/** A mistake of the user's: all of them are told at once. */
export interface Mistake {
  readonly what: string;
  /** The word that was meant, most likely. */
  readonly meant?: string | undefined;
  readonly fix?: string | undefined;
}

/** All mistakes of a command line as one problem. */
export function mistakesProblem(mistakes: readonly Mistake[], help: string): Problem {
  const [first] = mistakes;
  if (first !== undefined && mistakes.length === 1) {
    const fix = first.meant === undefined ? first.fix : `did you mean ${first.meant}?`;
    return problem({code: 'usage', what: first.what, fix: fix ?? `see ${help}`, exitCode: exitCode.usage});
  }
  return problem({
    code: 'usage',
    what: `${mistakes.length} things are wrong in the command line, and nothing was run`,
    details: mistakes.map(({what, meant, fix}) => `${what}${meant === undefined ? fix && `; ${fix}` || '' : `; did you mean ${meant}?`}`),
    fix: `see ${help}`,
    exitCode: exitCode.usage,
  });
}
