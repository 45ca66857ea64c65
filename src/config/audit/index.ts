import type {Context} from '../../task.ts';
import type {Audited, AuditOptions} from './results.ts';

export type {KeyClass} from './model/types.ts';
export type {Audited, AuditOptions, AuditReport, KeyReport} from './results.ts';

/**
 * Classifies every key of configuration files: constant, varies, derived, secret, not for a container, dead, missing
 * somewhere or ambiguous. It executes nothing, and neither the report nor an error contains a value.
 * @throws Problem `bad_config_file` (exit code 65) with every file that cannot be read; `usage` (64) if `output` exists
 * @example
 * const {report} = await auditConfiguration(context, {files: ['etc/dev.ini', 'etc/prod.ini'], source: ['src']});
 * context.say(`${report.configuration} of ${report.total} keys are configuration`);
 */
export async function auditConfiguration(
  context: Pick<Context, 'cwd' | 'run' | 'note'>,
  options: AuditOptions,
): Promise<Audited> {
  // The parsers of seven formats are loaded by this function only.
  const {runAudit} = await import('./run-audit.ts');
  return runAudit(context, options);
}
