import {auditConfiguration, type AuditReport} from '../../config/audit/index.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

/** Classifies the keys of configuration files; on request, writes what takes the place of the files. */
export const configAudit = task(
  'Find out which keys of configuration files are configuration',
  {
    file: option.list('file of an environment; NAME=FILE says of which one', {
      required: true,
      positional: true,
      valueName: 'FILE',
    }),
    source: option.list('file or directory of the code that reads the files; without it, no key is dead', {
      valueName: 'PATH',
    }),
    output: option.string('new directory for the declaration, the constants and a .env for each environment', {
      defaultText: 'nothing is written',
      valueName: 'DIR',
    }),
  },
  async (context, {file, ...options}): Promise<AuditReport> => {
    const {report, text} = await auditConfiguration(context, {files: file, ...options});
    context.say(text);
    return report;
  },
);
