import {isProblem, messageOf, problem, problemText} from '../errors.ts';
import type {Problem} from '../errors.ts';
import {serviceFrame} from '../text/frames.ts';

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
