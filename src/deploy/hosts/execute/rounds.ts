import {setTimeout as sleep} from 'node:timers/promises';
import {awaitEngine, waitForCommands} from '../../../commands/host.ts';
import {isProblem, messageOf, problem} from '../../../errors.ts';
import {isRemote, onDestination} from '../../../service/hosts.ts';
import {titled} from '../../../shell/argv.ts';
import {mapEach, settleEach} from '../../../shell/concurrency.ts';
import type {Scope} from '../../../shell/index.ts';
import {eachOf, together} from '../../../shell/script.ts';
import {commandOn, type HostConnection, isPrunedContainer, prunedImage, runOn, stepOn} from '../connection.ts';
import type {FailureCause, Round, Step} from '../plan/steps/step.ts';
import {type Executor, withLogs} from './executor.ts';

/** Runs rounds in order, the steps of a round concurrently. The undo of a step is registered before the step begins. */
export async function runRounds(executor: Executor, scope: Scope, rounds: readonly Round[]): Promise<void> {
  for (const round of rounds) {
    await executor.beforeRound?.();
    registerUndo(executor, scope, round);
    await runRound(executor, round);
  }
}

/** When a step fails, waiting steps are cancelled; their own failures then mean nothing. */
async function runRound(executor: Executor, round: Round): Promise<void> {
  const waiting = new Map(
    round.filter(({cancel}) => cancel !== undefined).map((step) => [step, Promise.withResolvers<void>()]),
  );
  const cancelled = new Set<Step>();
  await mapEach(
    round,
    async (step) => {
      try {
        await runStepOn(executor, step);
      } catch (error) {
        // Ctrl-C has interrupted all of them.
        if (isProblem(error) && error.code === 'interrupted') throw error;
        if (cancelled.has(step))
          throw problem({code: 'interrupted', what: `cancelled because another step failed: ${step.what}`});
        waiting.delete(step);
        const others = [...waiting].filter(([other]) => !cancelled.has(other));
        for (const [other] of others) cancelled.add(other);
        await Promise.all(others.map(([other, {promise}]) => cancelStep(executor, other, promise)));
        throw await withLogs(executor.connectionTo, error, step.logs ?? []);
      } finally {
        waiting.get(step)?.resolve();
        waiting.delete(step);
      }
    },
    executor.parallel,
  );
}

const cancelTries = 5;

async function cancelStep({connectionTo}: Executor, {host, cancel = []}: Step, ended: Promise<void>): Promise<void> {
  // A step that has only just begun may miss the first one.
  for (let tries = 0; tries < cancelTries; tries += 1) {
    await runOn(connectionTo(host), cancel, {capture: true}).catch(() => {});
    if (await Promise.race([ended.then(() => true), sleep(1000, false)])) return;
  }
}

/** How long an engine can take to come back: systemd restarts it after two seconds, and it starts its containers. */
const engineSeconds = 30;

/**
 * The steps of a round are undone concurrently. A command that ssh started on a host survives the connection and this
 * process: the undo first cancels a step that waits, and then waits until no command of the deploy runs there.
 */
function registerUndo({connectionTo, prefix, graceSeconds}: Executor, scope: Scope, round: Round): void {
  const undone = round.filter(({undo = []}) => undo.length > 0);
  const remote = undone.filter(({host}) => isRemote(host));
  if (remote.length > 0)
    scope.onFailure(
      ...remote.map(({host, what, cancel = [], undo = []}) =>
        titled(
          commandOn(
            connectionTo(host),
            together([awaitEngine(engineSeconds), eachOf([...cancel, waitForCommands(prefix, graceSeconds), ...undo])]),
          ),
          undoTitle(what),
        ),
      ),
    );
  for (const {what, undo = []} of undone.filter(({host}) => !isRemote(host)))
    for (const command of undo.toReversed()) scope.onFailure(titled(command, undoTitle(what)));
}

const undoTitle = (what: string): string => `undo: ${what}`;

async function runStepOn(executor: Executor, step: Step): Promise<void> {
  if (step.commands.length > 0)
    await stepOn(executor.connectionTo(step.host), step.what, (connection) => runStep(executor, step, connection));
}

async function runStep(executor: Executor, step: Step, connection: HostConnection): Promise<void> {
  const {
    context: {note},
    stepSeconds,
  } = executor;
  const {host, commands, shown, retry, purpose, fix, causes = []} = step;
  // The service's own tasks, whose output is shown, take as long as they take.
  const timeoutSeconds = shown !== true && isRemote(host) ? stepSeconds : undefined;
  const attempt = (left: number): ReturnType<typeof runOn> =>
    runOn(connection, commands, {capture: shown !== true, retry, purpose, fix, timeoutSeconds}).catch(
      async (error: unknown) => {
        const image = left === 0 ? undefined : prunedImage(error);
        if (image !== undefined && executor.pull !== undefined) {
          note(`a prune${onDestination(host)} removed the image ${image}: pulling it again`);
          await undoStep(connection, step);
          await runRound(executor, executor.pull(host, image));
          return attempt(left - 1);
        }
        if (left === 0 || !isPruned(error)) throw explained(step.explain?.(error) ?? error, purpose, causes);
        note(`a prune${onDestination(host)} removed what had just been created: doing it again`);
        await undoStep(connection, step);
        return attempt(left - 1);
      },
    );
  const {stderr} = await attempt(pruneTries);
  // For example, connections that were still open at the end of the drain, or a log driver that could not start.
  for (const [, line = ''] of stderr.matchAll(/^(?:lb|log): (warning: .*)/gm))
    note(`${isRemote(host) ? `${host}: ` : ''}${line}`);
}

const pruneTries = 3;

/**
 * A `docker system prune` removes a container between its creation and its start, and a network before its first
 * container: `docker run` then ends with 125, and nothing has run.
 */
const isPruned = (error: unknown): boolean =>
  isProblem(error) &&
  error.code === 'command_failed' &&
  error.exitCode === 125 &&
  (isPrunedContainer(error, {id: true}) ||
    error.details.some((line) => /(?:network|volume) \S+ not found/i.test(line)));

/** Undoes what a step has done so far, to run it again. */
async function undoStep(connection: HostConnection, {cancel = [], undo = []}: Step): Promise<void> {
  const commands = [...cancel, ...undo];
  if (commands.length > 0) await runOn(connection, [eachOf(commands)], {capture: true}).catch(() => {});
}

/** Replaces the purpose and the fix of a failure by those of the first cause that its output names. */
function explained(error: unknown, purpose: string, causes: readonly FailureCause[]): unknown {
  if (!isProblem(error) || error.code !== 'command_failed') return error;
  const cause = causes.find(({pattern}) => error.details.some((line) => line.includes(pattern)));
  if (cause === undefined) return error;
  return problem({
    code: error.code,
    what: error.message.replace(purpose, cause.purpose),
    details: error.details,
    fix: cause.fix,
    exitCode: error.exitCode,
    cause: error,
  });
}

/** Runs the last rounds, after which nothing is undone: a failure is only noted, and the next deploy cleans up. */
export async function tidyUp(executor: Executor, rounds: readonly Round[]): Promise<void> {
  for (const round of rounds) {
    for (const one of await settleEach(round, (step) => runStepOn(executor, step), executor.parallel)) {
      if (one.status === 'fulfilled') continue;
      if (isProblem(one.reason) && one.reason.code === 'interrupted') throw one.reason;
      executor.context.note(
        `the release serves everywhere, but clean-up failed: ${messageOf(one.reason)}; the next deploy tries again`,
      );
    }
  }
}
