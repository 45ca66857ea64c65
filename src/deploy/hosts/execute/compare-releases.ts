import {setTimeout as sleep} from 'node:timers/promises';
import {exitCode, problem} from '../../../errors.ts';
import {mapEach} from '../../../shell/concurrency.ts';
import {type Counts, judge, parseCounts, sumCounts} from '../balancer/counts.ts';
import {showMark} from '../plan/comparison.ts';
import type {Plan, ReleaseComparison} from '../plan/plan.ts';
import {type LogSource, servesAgain} from '../plan/steps/step.ts';
import {type Executor, withLogs} from './executor.ts';

/**
 * Watches a new release after the switch: compares the balancers' counts of it with those of the old release once a
 * second, and checks that its replicas stay up.
 * @throws Problem `worse_release`
 */
export async function compareReleases(
  {context, connectionTo, parallel}: Executor,
  plan: Plan,
  comparison: ReleaseComparison,
): Promise<void> {
  context.note(noteText(plan, comparison));
  const end = Date.now() + comparison.seconds * 1000;
  let suspects: readonly LogSource[] = [];
  for (;;) {
    await sleep(Math.min(1000, Math.max(0, end - Date.now())), undefined, {signal: context.signal}).catch(() => {});
    const reports = await mapEach(
      comparison.balancers,
      async ({host, command, replicas}) =>
        parseReport((await connectionTo(host).context.run.read(command)).stdout, replicas),
      parallel,
    );
    const sum = (servers: readonly string[]): Counts =>
      sumCounts(
        reports.flatMap(({counts}) =>
          [...counts].filter(([server]) => servers.includes(server)).map(([, value]) => value),
        ),
      );
    const down = reports.flatMap((one) => one.down);
    // One failed check can be transient; a replica that is down twice in a row, or at the end, is dead.
    const dead = down.filter(
      (one) =>
        Date.now() >= end || suspects.some(({host, container}) => one.host === host && one.container === container),
    );
    const reason =
      judge(sum(comparison.old), sum(comparison.fresh)) ??
      (dead[0] === undefined ? undefined : `${dead[0].container} on ${dead[0].host} fails its health check`);
    if (reason !== undefined)
      throw await withLogs(
        connectionTo,
        worseProblem(plan, reason),
        dead.map(({host, container}) => ({host, container})),
      );
    if (Date.now() >= end) return;
    suspects = down;
  }
}

const noteText = ({release, previous}: Plan, {seconds}: ReleaseComparison): string =>
  `${previous === 0 ? `watching release ${release}` : `comparing release ${release} with release ${previous}`} for ${seconds} s`;

/** The title of {@link compareReleases} as a step. */
export const comparisonTitle = ({release, previous}: Plan, {seconds}: ReleaseComparison): string =>
  `${previous === 0 ? `watch release ${release}` : `compare release ${release} with release ${previous}`} for ${seconds} s`;

interface Report {
  readonly counts: ReadonlyMap<string, Counts>;
  readonly down: readonly LogSource[];
}

/** Reads the counts and the states of the servers of one balancer. */
function parseReport(text: string, replicas: readonly LogSource[]): Report {
  const [counts = '', states = ''] = text.split(`${showMark}\n`);
  const up = new Set(
    states
      .split('\n')
      .map((line) => line.split(/\s+/))
      .filter(([, state]) => state?.startsWith('UP'))
      .map(([server]) => server),
  );
  return {counts: parseCounts(counts), down: replicas.filter(({pattern}) => !up.has(pattern))};
}

function worseProblem({release, previous, isDown, service, environment}: Plan, reason: string): Error {
  return problem({
    code: 'worse_release',
    what: `release ${release} of ${service} in ${environment} is ${previous === 0 ? 'unhealthy' : `worse than release ${previous}`}: ${reason}; ${servesAgain({previous, isDown})}`,
    fix: 'correct the service; `watch_seconds` in deploy.yaml sets how long releases are compared',
    exitCode: exitCode.failed,
  });
}
