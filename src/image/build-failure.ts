import {exitCode, isProblem, problem} from '../errors.ts';

// BuildKit's words since docker 20.10.
const failedStep = /(?:did not complete successfully|executor failed running .*): exit code: (\d+)/;
const logLine = /^(?:#\d+ )?(?:\d+\.\d+ )?/;

/**
 * A failed build, with the exit code of the step that refused the service's files and with what that said: a step such as
 * install-dependencies ends with 65 and lines `entrypoint: ...` and `fix: ...`, and the builder with 1. Other failures lose
 * the lines of the builder that have been shown.
 * @example
 * await context.run(dockerBuild(options, client), {watch: true}).catch((error: unknown) => {
 *   throw explainBuild(error);
 * });
 */
export function explainBuild(error: unknown): unknown {
  if (!isProblem(error) || error.code !== 'command_failed') return error;
  const code = Number(failedStep.exec(error.details.join('\n'))?.[1]);
  if (code !== exitCode.badData)
    return problem({
      code: 'command_failed',
      what: error.message,
      fix: error.fix,
      exitCode: error.exitCode,
      cause: error,
    });
  const lines = error.details.map((line) => line.replace(logLine, ''));
  const said = (word: string): string | undefined =>
    lines.findLast((line) => line.startsWith(word))?.slice(word.length);
  const what = said('entrypoint: ');
  return problem({
    code: 'build_refused',
    what: what === undefined ? error.message : `${error.message.split(': command failed')[0]}: ${what}`,
    fix: said('fix: ') ?? error.fix,
    exitCode: exitCode.badData,
    cause: error,
  });
}
