import {resolve} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import {readText} from '../../text/file.ts';
import {audit, type Audit} from './audit.ts';
import {fileArgument, sourceFiles} from './input.ts';
import {requireNewDirectory, writeFiles} from './output.ts';
import {auditReport, auditText} from './report.ts';
import type {Audited, AuditOptions} from './results.ts';
import {outputFiles} from './write/files.ts';
import {planOf} from './write/plan.ts';
import {differences} from './write/put-back.ts';

/** The audit with its files: reads them, and writes what takes their place if that is wanted. */
export async function runAudit(
  {cwd, run, note}: Pick<Context, 'cwd' | 'run' | 'note'>,
  {files, source = [], output}: AuditOptions,
): Promise<Audited> {
  const directory = output === undefined ? undefined : resolve(cwd, output);
  if (directory !== undefined) requireNewDirectory(directory, output ?? '');
  const code = source.length === 0 ? undefined : source.flatMap((path) => sourceFiles(cwd, path, note));
  const found = audit(
    files.map((word) => fileArgument(cwd, word)),
    code,
    (path) => readText(resolve(cwd, path)),
  );
  if (found.problems.length > 0) throw badFiles(found);
  if (directory !== undefined) {
    const written = outputFiles(planOf(found.keys, found.configuration.environments));
    const different = differences(found.configuration, written);
    if (different.length > 0) throw notTheSame(different);
    const names = written.map(({name}) => name).join(', ');
    const done = await run.act(`# writes ${names} into ${output}`, async () => {
      writeFiles(directory, written);
      return true;
    });
    if (done === true) note(`${output} sets all ${found.keys.length} keys to the values that the files set`);
  }
  return {report: auditReport(found), text: auditText(found)};
}

const place = (file: string, line: number): string => (line === 0 ? file : `${file}:${line}`);

function badFiles({problems}: Audit): Error {
  const [first] = problems;
  return problem({
    code: 'bad_config_file',
    what:
      problems.length === 1 && first !== undefined
        ? `${place(first.file, first.line)} ${first.text}`
        : `${problems.length} configuration files cannot be audited`,
    details: problems.length === 1 ? [] : problems.map(({file, line, text}) => `${place(file, line)} ${text}`),
    fix: 'correct what is above, or leave the file out',
    exitCode: exitCode.badData,
  });
}

// Nothing known leads here. Files that change a value would be worse than none.
function notTheSame(different: readonly string[]): Error {
  return problem({
    code: 'config_not_reproduced',
    what: `nothing was written: ${different.length} values would not be the same`,
    details: different.slice(0, 10),
    fix: 'leave out the files of these keys, and report it as a bug',
  });
}
