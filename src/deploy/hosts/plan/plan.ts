import type {Host} from '../../../service/hosts.ts';
import type {Words} from '../../../shell/argv.ts';
import {table} from '../../../text/table.ts';
import type {LogSource, Round} from './steps/step.ts';

/** The balancers' counts of two releases to compare, and for how long. */
export interface ReleaseComparison {
  readonly seconds: number;
  readonly balancers: readonly {
    readonly host: Host;
    /** Prints the counts and the states of its servers. */
    readonly command: Words;
    readonly replicas: readonly LogSource[];
  }[];
  /** Servers of the new release. */
  readonly fresh: readonly string[];
  /** Servers of the old release. */
  readonly old: readonly string[];
}

/** A deploy, a rollback or a canary: a pure function of the surveyed hosts, made before anything changes. */
export interface Plan {
  readonly service: string;
  readonly environment: string;
  readonly what: 'deploy' | 'rollback' | 'canary' | 'continue' | 'abort';
  readonly release: number;
  /** The release that serves now; 0 for none. */
  readonly previous: number;
  /** No replica of that release works. Default false. */
  readonly isDown?: boolean | undefined;
  readonly image: string;
  /** Every host of the plan, in the order of their locks. */
  readonly hosts: readonly Host[];
  /** Notes for the user, printed beforehand. */
  readonly notes: readonly string[];
  /** Before the lock: a failure here changes nothing. */
  readonly first: readonly Round[];
  readonly rounds: readonly Round[];
  readonly comparison: ReleaseComparison | undefined;
  /** After success: writes the release log and removes the releases that are not kept. */
  readonly finish: readonly Round[];
}

/**
 * A plan for people: each step with its round, phase and host.
 * @example
 * const {plan} = await deployImage(context, target, image, {planOnly: true});
 * context.say(planText(plan));
 */
export function planText(plan: Plan): string {
  const {service, environment, what, release, previous, image, hosts, notes, comparison} = plan;
  const lock: Round = hosts.map((host) => ({phase: 'lock', host, what: 'take the lock', commands: [], purpose: ''}));
  const watching: Round = (comparison?.balancers ?? []).map(({host}) => ({
    phase: 'watch',
    host,
    what: `compare the releases for ${comparison?.seconds} s`,
    commands: [],
    purpose: '',
  }));
  const rounds = [...plan.first, lock, ...plan.rounds, watching, ...plan.finish].filter((round) => round.length > 0);
  const rows = rounds.flatMap((round, index) =>
    round.map(({phase, host, what: action}, position) => [
      position === 0 ? `${String(index + 1).padStart(2)} ${phase}`.padEnd(10) : '',
      host,
      action,
    ]),
  );
  return [
    `${what} of release ${release} of ${service} in ${environment}${previous === 0 ? '' : `, after release ${previous}`}: ${image}`,
    ...notes.map((note) => `note: ${note}`),
    ...table(rows, {gap: 2}),
  ].join('\n');
}
