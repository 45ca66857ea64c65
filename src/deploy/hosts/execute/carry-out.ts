import {setTimeout as sleep} from 'node:timers/promises';
import {waitForCommands} from '../../../commands/host.ts';
import {exitCode, isProblem, messageOf, problem} from '../../../errors.ts';
import {isRemote} from '../../../service/hosts.ts';
import type {Scope} from '../../../shell/index.ts';
import {eachOf} from '../../../shell/script.ts';
import {withLastLog} from '../../../stack/last-log.ts';
import type {Context} from '../../../task.ts';
import {type Counts, judge, parseCounts, sumCounts} from '../balancer/counts.ts';
import {commandOn, each, runOn, settle} from '../host.ts';
import type {Plan, Watch} from '../plan/plan.ts';
import type {Cause, LogPlace, Round, Step} from '../plan/steps/step.ts';
import {showMark} from '../plan/watch.ts';
import type {Survey} from '../survey.ts';

export interface Crew {
  readonly context: Context;
  readonly siteOf: Survey['siteOf'];
  /** How many hosts are worked on at a time. */
  readonly parallel: number;
  /** Names of the environment's containers begin with it. */
  readonly prefix: string;
  /** How long a command that was cut off may take to end, in seconds. */
  readonly patience: number;
  /** Called before each round; what it throws ends the work. */
  readonly before?: (() => void) | undefined;
}

/** Carries out rounds in their order, their steps side by side. What puts a host back is known before its step begins. */
export async function carryOut(crew: Crew, scope: Scope, rounds: readonly Round[]): Promise<void> {
  for (const round of rounds) {
    crew.before?.();
    registerUndo(crew, scope, round);
    await carryOutRound(crew, round);
  }
}

/** Where one step fails, those that wait are cut off, and then their own failure tells nothing. */
async function carryOutRound(crew: Crew, round: Round): Promise<void> {
  const waiting = new Map(
    round.filter(({cut}) => cut !== undefined).map((step) => [step, Promise.withResolvers<void>()]),
  );
  const cutSteps = new Set<Step>();
  await each(
    round,
    async (step) => {
      try {
        await carryOutStep(crew, step);
      } catch (error) {
        // Ctrl-C has ended all of them.
        if (isProblem(error) && error.code === 'interrupted') throw error;
        if (cutSteps.has(step))
          throw problem({code: 'interrupted', what: `${step.what}: cut off, since another step failed`});
        waiting.delete(step);
        const others = [...waiting].filter(([other]) => !cutSteps.has(other));
        for (const [other] of others) cutSteps.add(other);
        await Promise.all(others.map(([other, {promise}]) => cutOff(crew, other, promise)));
        throw await withLogs(crew.siteOf, error, step.logs ?? []);
      } finally {
        waiting.get(step)?.resolve();
        waiting.delete(step);
      }
    },
    crew.parallel,
  );
}

const cutTries = 5;

async function cutOff({siteOf}: Crew, {host, cut = []}: Step, ended: Promise<void>): Promise<void> {
  // It may only just begin: then it is cut off once more.
  for (let tries = 0; tries < cutTries; tries += 1) {
    await runOn(siteOf(host), cut, {capture: true}).catch(() => {});
    if (await Promise.race([ended.then(() => true), sleep(1000, false)])) return;
  }
}

/**
 * Steps of a round go back side by side. What was begun on a host by ssh goes on when the connection breaks or this
 * process is stopped, so that whoever puts the host back waits first until it has ended; what waits itself is cut off.
 */
function registerUndo({prefix, patience}: Crew, scope: Scope, round: Round): void {
  const undone = round.filter(({undo = []}) => undo.length > 0);
  const remote = undone.filter(({host}) => isRemote(host));
  if (remote.length > 0)
    scope.onFailure(
      ...remote.map(({host, cut = [], undo = []}) =>
        commandOn(host, eachOf([...cut, waitForCommands(prefix, patience), ...undo])),
      ),
    );
  for (const {undo = []} of undone.filter(({host}) => !isRemote(host)))
    for (const command of undo.toReversed()) scope.onFailure(command);
}

async function carryOutStep(
  {context: {note}, siteOf}: Crew,
  {host, commands, shown, retry, purpose, fix, causes = []}: Step,
): Promise<void> {
  if (commands.length === 0) return;
  const {stderr} = await runOn(siteOf(host), commands, {capture: shown !== true, retry, purpose, fix}).catch(
    (error: unknown) => {
      throw rather(error, purpose, causes);
    },
  );
  // Such as connections that were cut when the time to drain was over.
  for (const line of stderr.split('\n').filter((text) => text.startsWith('lb: warning: ')))
    note(`${isRemote(host) ? `${host}: ` : ''}${line.slice('lb: '.length)}`);
}

/** The last lines of the logs that tell more of a failure: those of what it names, or of the first; at most three. */
async function withLogs(siteOf: Crew['siteOf'], error: unknown, logs: readonly LogPlace[]): Promise<unknown> {
  if (!isProblem(error) || error.code === 'interrupted') return error;
  const named = logs.filter(({sign}) => sign !== undefined && error.details.some((line) => line.includes(sign)));
  let told: unknown = error;
  for (const {host, container} of (named.length > 0 ? named : logs.slice(0, 1)).slice(0, 3)) {
    told = await withLastLog(
      siteOf(host).context.run,
      container,
      () => Promise.reject(told as Error),
      isRemote(host) ? ` on ${host}` : '',
    ).catch((more: unknown) => more);
  }
  return told;
}

function rather(error: unknown, purpose: string, causes: readonly Cause[]): unknown {
  if (!isProblem(error) || error.code !== 'command_failed') return error;
  const cause = causes.find(({sign}) => error.details.some((line) => line.includes(sign)));
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

/**
 * Holds what the balancers count of the new release against what they count of the old one, and looks whether it lives.
 * @throws Problem `worse_release`
 */
export async function keepWatch({context, siteOf, parallel}: Crew, plan: Plan, watch: Watch): Promise<void> {
  context.note(
    `${plan.previous === 0 ? `watching release ${plan.release}` : `comparing release ${plan.release} with release ${plan.previous}`} for ${watch.seconds} s`,
  );
  const end = Date.now() + watch.seconds * 1000;
  let suspects: readonly LogPlace[] = [];
  for (;;) {
    await sleep(Math.min(1000, Math.max(0, end - Date.now())), undefined, {signal: context.signal}).catch(() => {});
    const seen = await each(
      watch.balancers,
      async ({host, command, replicas}) => look((await siteOf(host).context.run.read(command)).stdout, replicas),
      parallel,
    );
    const sum = (servers: readonly string[]): Counts =>
      sumCounts(
        seen.flatMap(({counts}) =>
          [...counts].filter(([server]) => servers.includes(server)).map(([, value]) => value),
        ),
      );
    const down = seen.flatMap((one) => one.down);
    // One check that fails may be a moment's; a replica that stays down, or is down at the end, is not.
    const dead = down.filter(
      (one) =>
        Date.now() >= end || suspects.some(({host, container}) => one.host === host && one.container === container),
    );
    const reason =
      judge(sum(watch.old), sum(watch.fresh)) ??
      (dead[0] === undefined
        ? undefined
        : `${dead[0].container} on ${dead[0].host} does not answer its health check any more`);
    if (reason !== undefined)
      throw await withLogs(
        siteOf,
        worse(plan, reason),
        dead.map(({host, container}) => ({host, container})),
      );
    if (Date.now() >= end) return;
    suspects = down;
  }
}

function look(
  text: string,
  replicas: readonly LogPlace[],
): {counts: ReadonlyMap<string, Counts>; down: readonly LogPlace[]} {
  const [counts = '', states = ''] = text.split(`${showMark}\n`);
  const up = new Set(
    states
      .split('\n')
      .map((line) => line.split(/\s+/))
      .filter(([, state]) => state?.startsWith('UP'))
      .map(([server]) => server),
  );
  return {counts: parseCounts(counts), down: replicas.filter(({sign}) => !up.has(sign))};
}

function worse({release, previous, service, environment}: Plan, reason: string): Error {
  return problem({
    code: 'worse_release',
    what: `release ${release} of ${service} in ${environment} is ${previous === 0 ? 'not well' : `worse than release ${previous}, which serves again`}: ${reason}`,
    fix: 'correct the service; `watch_seconds` in deploy.yaml says how long a release is watched',
    exitCode: exitCode.failed,
  });
}

/** The last steps change nothing of what serves: one that fails is told, and the next deploy does it. */
export async function tidyUp(crew: Crew, rounds: readonly Round[]): Promise<void> {
  for (const round of rounds) {
    const ended = await settle(round, (step) => carryOutStep(crew, step), crew.parallel);
    for (const one of ended) {
      if (one.status === 'fulfilled') continue;
      if (isProblem(one.reason) && one.reason.code === 'interrupted') throw one.reason;
      crew.context.note(`the release serves everywhere, but: ${messageOf(one.reason)}; the next deploy tries again`);
    }
  }
}
