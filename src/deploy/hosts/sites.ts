import {together} from '../../shell/script.ts';
import type {Commands} from '../../shell/argv.ts';
import {isProblem} from '../../errors.ts';
import type {Result, RunOptions} from '../../shell/index.ts';
import type {Context} from '../../task.ts';
import {contextOn, isRemote} from './host.ts';
import type {Host} from './host.ts';

/** One of the hosts that a task works on, with what reaches it. */
export interface Site {
  readonly host: Host;
  readonly context: Context;
}

/** Several hosts work side by side, each with its name before its lines. */
export const siteOf = (context: Context, host: Host, several: boolean): Site => ({host, context: contextOn(context, host, several)});

/**
 * Runs several commands on a host, which ends at the first that fails: as one round trip where it is another machine,
 * else one after the other, each in a line of its own. Gives what all of them said.
 */
export async function runOn({host, context: {run}}: Site, commands: Commands, options: RunOptions = {}): Promise<Result> {
  if (isRemote(host)) return run(together(commands), options);
  let all: Result = {exitCode: 0, stdout: '', stderr: '', seconds: 0};
  for (const command of commands) {
    const {stdout, stderr, seconds} = await run(command, options);
    all = {exitCode: 0, stdout: all.stdout + stdout, stderr: all.stderr + stderr, seconds: all.seconds + seconds};
  }
  return all;
}

/**
 * Does a step on all hosts side by side, at most `limit` at a time. Waits for every one, also where one fails: nothing
 * may go on behind a clean-up. Of several failures the first one in the order of the hosts is thrown.
 */
export async function each<S, T>(sites: readonly S[], step: (site: S) => Promise<T>, limit = Infinity): Promise<T[]> {
  const ended = await settle(sites, step, limit);
  const failures = ended.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  // Ctrl-C ends all of them, and one that failed by itself tells more.
  const failure = failures.find((one) => !isProblem(one) || one.code !== 'interrupted') ?? failures[0];
  if (failures.length > 0) throw failure;
  return ended.map((one) => (one as PromiseFulfilledResult<T>).value);
}

/** The same where a failure is an answer. */
export async function settle<S, T>(sites: readonly S[], step: (site: S) => Promise<T>, limit = Infinity): Promise<PromiseSettledResult<T>[]> {
  const ended: PromiseSettledResult<T>[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < sites.length; index = next++) {
      ended[index] = await step(sites[index] as S).then(
        (value) => ({status: 'fulfilled' as const, value}),
        (reason: unknown) => ({status: 'rejected' as const, reason}),
      );
    }
  };
  await Promise.all(Array.from({length: Math.min(limit, sites.length)}, worker));
  return ended;
}
