import {dockerExec, dockerInspect} from '../../../commands/docker/index.ts';
import {exitCode, problem, usageProblem} from '../../../errors.ts';
import {hostName} from '../../../service/hosts.ts';
import {type Words, wordsText} from '../../../shell/argv.ts';
import {mapEach} from '../../../shell/concurrency.ts';
import {hasInput, isTerminal} from '../../../shell/output.ts';
import type {Context} from '../../../task.ts';
import type {Target} from '../../target.ts';
import {type HostConnection, interactiveOn} from '../connection.ts';
import {survey} from '../survey.ts';
import {servingReplicas} from './operate.ts';
import {findServiceUser} from './service-user.ts';

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
 * @throws Problem `usage`, `not_deployed`, `unknown_host`, `unknown_user`, `command_failed`
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
  const how = `run it as root: entrypoint exec ${target.environment} --root -- ${wordsText(context.rest)}`;
  const wordsIn = async (connection: HostConnection, container: string, input: boolean): Promise<Words> => {
    const as = root ? {user: '0', words: context.rest} : await asService(connection, container, context.rest, how);
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
 * the service's process.
 * @throws Problem `unknown_user` where that cannot be found: root is for who asks for it
 */
async function asService({context}: HostConnection, container: string, words: Words, how: string): Promise<As> {
  const format =
    '{{json .Config.Entrypoint}} {{json .Config.Cmd}}\t{{.Config.User}}\t{{.State.Pid}}\t{{.HostConfig.PidMode}}';
  const inspected = (await context.run.read(dockerInspect(container, format))).stdout.replace(/\n$/, '').split('\t');
  const [programs = '', user = '', pid = '', pidMode = ''] = inspected;
  if (programs.includes('start-as-webuser"')) return {words: ['start-as-webuser', '--exec', ...words]};
  if (!/^(?:|0|root)(?::.*)?$/.test(user)) return {words};
  const found = await findServiceUser(context.run, container, {pid: Number(pid), shared: pidMode !== ''});
  if (found.kind === 'one') return {words, user: found.user};
  if (found.kind === 'root') {
    if (found.program !== undefined) context.note(`${container}: runs as root, as ${found.program} does`);
    return {words};
  }
  throw problem({
    code: 'unknown_user',
    what: `the user of the service in ${container} cannot be determined`,
    details: found.evidence,
    fix: how,
    exitCode: exitCode.usage,
  });
}
