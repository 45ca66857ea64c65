import {exitCode, isProblem, messageOf, problem, problemText} from '../errors.ts';
import type {Problem} from '../errors.ts';
import {serviceFrame} from './frames.ts';
import type {Mistake} from './values.ts';

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

/** Whatever a task threw, as a problem: an error of the service's code keeps its message and its place. */
export function thrownProblem(error: unknown, folder: string, subject: string): Problem {
  if (isProblem(error)) return error;
  const [first = '', ...lines] = (messageOf(error) || String(error)).split('\n');
  const frame = serviceFrame(error, folder);
  return problem({
    code: 'task_threw',
    what: `${subject} failed: ${first}`,
    details: [...lines, ...(frame === undefined ? [] : [`at ${frame}`])],
    cause: error,
  });
}

export interface Style {
  readonly colour: boolean;
  readonly verbose: boolean;
}

/** What the user sees of a problem. The stack is only for who asks for it. */
export function reportText(error: Problem, {colour, verbose}: Style): string {
  const text = problemText(error);
  const end = text.indexOf('\n');
  const painted = colour ? `\u001b[31m${text.slice(0, end)}\u001b[39m${text.slice(end)}` : text;
  const origin = error.cause instanceof Error ? error.cause : error;
  return verbose ? `${painted}${origin.stack ?? ''}\n` : painted;
}

/** The same for programs. */
export function reportJson({code, message, details, fix, exitCode: exit}: Problem): string {
  return `${JSON.stringify({error: {code, message, details, fix: fix ?? null, exitCode: exit}}, undefined, 2)}\n`;
}
