import type {Host} from '../../../service/hosts.ts';
import type {Words} from '../../../shell/argv.ts';
import type {LogPlace, Round} from './steps/step.ts';

/** How long the balancers' counts of the new release are held against those of the old one, and of which servers. */
export interface Watch {
  readonly seconds: number;
  readonly balancers: readonly {readonly host: Host; readonly command: Words; readonly replicas: readonly LogPlace[]}[];
  readonly fresh: readonly string[];
  readonly old: readonly string[];
}

/** All that a deploy, a rollback or a canary is going to do. Made of what was read, before anything is changed. */
export interface Plan {
  readonly service: string;
  readonly environment: string;
  readonly what: 'deploy' | 'rollback' | 'canary' | 'continue' | 'abort';
  readonly release: number;
  /** The release that goes out; 0 for none. */
  readonly previous: number;
  readonly image: string;
  /** Every host that the plan touches, in the order in which they are locked. */
  readonly hosts: readonly Host[];
  /** What the user should know beforehand. */
  readonly notes: readonly string[];
  /** Before the lock: whatever fails here, nothing has changed. */
  readonly first: readonly Round[];
  readonly rounds: readonly Round[];
  readonly watch: Watch | undefined;
  /** When everything has passed: what is written down, and what need not be kept. */
  readonly finish: readonly Round[];
}

/** A plan for people: what is done where, round by round. */
export function planText(plan: Plan): string {
  const {service, environment, what, release, previous, image, hosts, notes, watch} = plan;
  const lock: Round = hosts.map((host) => ({phase: 'lock', host, what: 'take the lock', commands: [], purpose: ''}));
  const watching: Round = (watch?.balancers ?? []).map(({host}) => ({
    phase: 'watch',
    host,
    what: `compare the releases for ${watch?.seconds} s`,
    commands: [],
    purpose: '',
  }));
  const rounds = [...plan.first, lock, ...plan.rounds, watching, ...plan.finish].filter((round) => round.length > 0);
  const wide = Math.max(...rounds.flat().map(({host}) => host.length));
  return [
    `${what} of release ${release} of ${service} in ${environment}${previous === 0 ? '' : `, after release ${previous}`}: ${image}`,
    ...notes.map((note) => `note: ${note}`),
    ...rounds.flatMap((round, index) =>
      round.map(
        (step, settings) =>
          `${settings === 0 ? `${String(index + 1).padStart(2)} ${step.phase.padEnd(8)}` : ' '.repeat(11)} ${step.host.padEnd(wide)}  ${step.what}`,
      ),
    ),
  ].join('\n');
}
