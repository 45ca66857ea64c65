import {dockerExec} from '../../../commands/docker.ts';
import {sshTerminal} from '../../../commands/ssh.ts';
import {exitCode, problem} from '../../../errors.ts';
import type {Context} from '../../../task.ts';
import type {Target} from '../../target.ts';
import {hostName, isRemote} from '../host.ts';
import {servingOn} from './serving.ts';
import {each} from '../sites.ts';
import {survey} from '../survey.ts';

export interface ExecOptions {
  /** In every replica instead of in one. */
  readonly all: boolean;
  /** Only on this host, as the file has it, with or without its user. */
  readonly host?: string | undefined;
  /** Give the program the terminal. */
  readonly terminal: boolean;
}

/**
 * Runs the words after `--` in a replica that serves; its exit code is the task's.
 * @throws Problem `not_deployed`, `unknown_host`
 */
export async function exec(context: Context, target: Target, {all, host, terminal}: ExecOptions): Promise<void> {
  const {found, siteOf} = await survey(context, target, {skipUnreachable: !all && host === undefined});
  const serving = servingOn(target, found).filter((one) => host === undefined || one.host === host || hostName(one.host) === host);
  const [first] = serving;
  if (first === undefined) {
    throw problem({
      code: 'unknown_host', what: `no replica of ${target.service.name} serves${host === undefined ? '' : ` on ${host}`} in ${target.environment}`,
      fix: `entrypoint status ${target.environment} tells what runs where`, exitCode: exitCode.usage,
    });
  }
  if (terminal) {
    const words = ['docker', 'exec', '--interactive', '--tty', first.container, ...context.rest];
    await context.run(isRemote(first.host) ? sshTerminal(first.host, words) : words, {interactive: true});
  } else if (all) {
    await each(serving, ({host: at, container}) => siteOf(at).context.run.prefixed(container)(dockerExec(container, context.rest)), target.place.parallel);
  } else {
    await siteOf(first.host).context.run(dockerExec(first.container, context.rest));
  }
}
