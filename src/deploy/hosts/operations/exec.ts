import {dockerExec, dockerInspect} from '../../../commands/docker/index.ts';
import {exitCode, problem, usageProblem} from '../../../errors.ts';
import {hostName} from '../../../service/hosts.ts';
import type {Words} from '../../../shell/argv.ts';
import {mapEach} from '../../../shell/concurrency.ts';
import {hasInput, isTerminal} from '../../../shell/output.ts';
import type {Context} from '../../../task.ts';
import type {Target} from '../../target.ts';
import {type HostConnection, interactiveOn} from '../connection.ts';
import {survey} from '../survey.ts';
import {servingReplicas} from './operate.ts';

/** Where and how {@link exec} runs a command. */
export interface ExecOptions {
  /** In every replica, in parallel, instead of in one; without standard input. Default false. */
  readonly all?: boolean | undefined;
  /** Only on this host of deploy.yaml, with or without its user. Default: the first. */
  readonly host?: string | undefined;
  /** Give the program the terminal. Default false. */
  readonly terminal?: boolean | undefined;
  /** As root. Default false: as the user of the service, with the environment of the service. */
  readonly root?: boolean | undefined;
}

/**
 * Runs the command after `--` (`context.rest`) in a serving replica, which gets the standard input; a failure has its exit
 * code.
 * @throws Problem `usage`, `not_deployed`, `unknown_host`, `command_failed`
 */
export async function exec(
  context: Context,
  target: Target,
  {all = false, host, terminal = false, root = false}: ExecOptions = {},
): Promise<void> {
  if (all) requireNoInput(terminal);
  if (terminal) await context.run.act('test -t 0', async () => requireTerminal());
  const {surveyed, connectionTo} = await survey(context, target, {skipUnreachable: !all && host === undefined});
  const serving = servingReplicas(target, surveyed).filter(
    (one) => host === undefined || one.host === host || hostName(one.host) === host,
  );
  const [first] = serving;
  if (first === undefined) {
    throw problem({
      code: 'unknown_host',
      what: `no replica of ${target.service.name} serves${host === undefined ? '' : ` on ${host}`} in ${target.environment}`,
      fix: `see what runs where: entrypoint status ${target.environment}`,
      exitCode: exitCode.usage,
    });
  }
  const wordsIn = async (connection: HostConnection, container: string, input: boolean): Promise<Words> => {
    const as = root ? {user: '0', words: context.rest} : await asService(connection, container, context.rest);
    return dockerExec(container, as.words, {input, terminal, user: as.user});
  };
  if (all) {
    await mapEach(
      serving,
      async (one) => {
        const connection = connectionTo(one.host);
        await connection.context.run.prefixed(one.container)(await wordsIn(connection, one.container, false));
      },
      target.settings.parallel,
    );
    return;
  }
  const connection = connectionTo(first.host);
  const words = await wordsIn(connection, first.container, true);
  // Without the prefix of its host: the output can be binary.
  await context.run(interactiveOn(connection, words, terminal), {interactive: true});
}

function requireTerminal(): void {
  if (isTerminal(0)) return;
  throw usageProblem(
    '--terminal needs a terminal, and the standard input is not one',
    'leave --terminal out: exec passes the standard input on without it',
  );
}

// Of several replicas, which one would get it?
function requireNoInput(terminal: boolean): void {
  const wrong = terminal
    ? '--all runs the command in several replicas, and --terminal is for one'
    : hasInput()
      ? '--all runs the command in several replicas, which get no standard input'
      : undefined;
  if (wrong !== undefined) throw usageProblem(wrong, 'leave --all out, or choose one replica with --host');
}

interface As {
  readonly words: Words;
  /** Undefined: the user of the image. */
  readonly user?: string | undefined;
}

/**
 * The command as the user of the service. Images of this project start as root, drop to the service's user with
 * `start-as-webuser` and have it for further processes. Where an image does the same by other means, the user is that of
 * its first process.
 */
async function asService({context: {run}}: HostConnection, container: string, words: Words): Promise<As> {
  const format = '{{json .Config.Entrypoint}} {{json .Config.Cmd}}\t{{.Config.User}}';
  const [programs = '', user = ''] = (await run.read(dockerInspect(container, format))).stdout.trim().split('\t');
  if (programs.includes('start-as-webuser"')) return {words: ['start-as-webuser', '--exec', ...words]};
  if (!/^(?:|0|root)(?::.*)?$/.test(user)) return {words};
  const status = await run.read(dockerExec(container, ['cat', '/proc/1/status']), {allow: anyCode});
  return {words, user: userOf(status.stdout)};
}

// An image need not have the program.
const anyCode = Array.from({length: 255}, (_, code) => code + 1);

/** The effective user and group of a process, from its /proc/PID/status; undefined for root, and if there are none. */
export function userOf(status: string): string | undefined {
  const id = (name: string): string | undefined => new RegExp(`^${name}:\\t\\d+\\t(\\d+)\\t`, 'm').exec(status)?.[1];
  const [user, group] = [id('Uid'), id('Gid')];
  return user === undefined || group === undefined || user === '0' ? undefined : `${user}:${group}`;
}
