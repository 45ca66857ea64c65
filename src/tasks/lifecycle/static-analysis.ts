import {exitCode, isProblem, problem, type Problem} from '../../errors.ts';
import {task} from '../../task.ts';

/** Linter and type checker: both run, even if the first one fails, so that all findings appear at once. */
export const staticAnalysis = task('Lint and type-check the source', {}, async (context) => {
  const {run, cwd} = context;
  const {runtimeOf} = await import('../../runtimes/index.ts');
  const {checks, checkPackages, installFix} = runtimeOf(cwd);
  const commands = checks(context);
  if (commands.length === 0) {
    throw problem({
      code: 'nothing_to_check',
      what: 'no linter or type checker is installed',
      fix: installFix(cwd, checkPackages),
      exitCode: exitCode.unavailable,
    });
  }
  const failures: Problem[] = [];
  for (const words of commands) {
    await run(words).catch((error: unknown) => {
      if (!isProblem(error) || error.code !== 'command_failed') throw error;
      failures.push(error);
    });
  }
  const [first] = failures;
  if (first === undefined) return {checks: commands.length};
  throw problem({
    code: 'findings',
    what: failures.length === 1 ? first.message : `${failures.length} checks failed`,
    details: failures.length === 1 ? [] : failures.map(({message}) => message),
    exitCode: first.exitCode,
  });
});
