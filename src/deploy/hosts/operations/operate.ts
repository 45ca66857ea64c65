import {dockerExec, dockerLogs} from '../../../commands/docker/index.ts';
import {balancerMaintenance} from '../../../commands/lb.ts';
import {sshTerminal} from '../../../commands/ssh.ts';
import {exitCode, problem} from '../../../errors.ts';
import {type Host, hostName, isRemote} from '../../../service/hosts.ts';
import type {Context} from '../../../task.ts';
import type {Target} from '../../target.ts';
import {slotsOn, statesFor, viewOf} from '../fleet.ts';
import {each, runOn} from '../host.ts';
import {appsOf, balancerOf, type Found, requireDeployed} from '../state.ts';
import {survey} from '../survey.ts';

/** A replica that gets traffic, and where it runs. */
export interface Serving {
  readonly host: Host;
  readonly container: string;
}

/**
 * The replicas that get traffic, host by host; a canary's are among them.
 * @throws Problem `not_deployed`
 */
export function servingOn(target: Target, found: readonly Found[]): Serving[] {
  requireDeployed(found, target);
  const view = viewOf(target, found);
  return view.apps.flatMap((app) => {
    const used = new Set(
      statesFor(view, app)
        .flatMap((state) => slotsOn([...state.slots, ...(state.canary?.slots ?? [])], app))
        .map(({container}) => container),
    );
    return appsOf(app.state)
      .filter(({name}) => used.has(name))
      .map(({name}) => ({host: app.machine.host, container: name}));
  });
}

export interface LogOptions {
  readonly follow: boolean;
  /** Lines of each container. */
  readonly tail: number;
}

/**
 * The log of every replica that serves, side by side, each line with its host and its container's name.
 * @throws Problem `not_deployed`
 */
export async function logs(context: Context, target: Target, options: LogOptions): Promise<void> {
  const {found, siteOf} = await survey(context, target);
  await each(servingOn(target, found), ({host, container}) =>
    siteOf(host).context.run.prefixed(container)(dockerLogs(container, options)),
  );
}

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
  const serving = servingOn(target, found).filter(
    (one) => host === undefined || one.host === host || hostName(one.host) === host,
  );
  const [first] = serving;
  if (first === undefined) {
    throw problem({
      code: 'unknown_host',
      what: `no replica of ${target.service.name} serves${host === undefined ? '' : ` on ${host}`} in ${target.environment}`,
      fix: `entrypoint status ${target.environment} tells what runs where`,
      exitCode: exitCode.usage,
    });
  }
  if (terminal) {
    const words = ['docker', 'exec', '--interactive', '--tty', first.container, ...context.rest];
    await context.run(isRemote(first.host) ? sshTerminal(first.host, words) : words, {interactive: true});
  } else if (all) {
    await each(
      serving,
      ({host: at, container}) => siteOf(at).context.run.prefixed(container)(dockerExec(container, context.rest)),
      target.settings.parallel,
    );
  } else {
    await siteOf(first.host).context.run(dockerExec(first.container, context.rest));
  }
}

/**
 * Has every balancer answer with the maintenance page, or no longer. What runs behind them goes on.
 * @throws Problem `not_deployed`
 */
export async function maintenance(context: Context, target: Target, on: boolean): Promise<void> {
  const {found, siteOf} = await survey(context, target);
  requireDeployed(found, target);
  await each(
    viewOf(target, found).balancers,
    async ({
      found: {
        machine: {host},
      },
      before,
    }) => {
      await runOn(siteOf(host), [balancerMaintenance(balancerOf(target), before.name, on)], {
        capture: true,
        purpose: `maintenance could not be switched ${on ? 'on' : 'off'}${isRemote(host) ? ` on ${host}, and other hosts may have it already` : ''}`,
        fix: 'mend what is said above and do it again: it may be repeated',
      });
    },
    target.settings.parallel,
  );
}
