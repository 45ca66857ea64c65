import type {Lab} from '../probes/lab.ts';
import type {Alive, Served} from '../probes/served.ts';

export type Severity = 'error' | 'warning';
export type Status = 'pass' | 'fail' | 'skip' | 'not_applicable';

/** What a rule found, and what it saw. `evidence` is one line and never holds the value of a secret. */
export interface Finding {
  readonly status: Status;
  readonly evidence: string;
}

/** One clause of the contract. docs/contract.md has a paragraph for each: a test keeps the two together. */
export interface Rule {
  /** Kebab-case: the word in reports, in deploy.yaml and in the manual's anchors. */
  readonly id: string;
  /** A failed error fails the check; a failed warning is only told. */
  readonly severity: Severity;
  /** What holds for a good image. */
  readonly summary: string;
  /** How it is checked. */
  readonly how: string;
  readonly fix: string;
  /** Judges what the lab's probes saw; changes nothing. */
  readonly check: (lab: Lab) => Finding | Promise<Finding>;
}

export const pass = (evidence: string): Finding => ({status: 'pass', evidence});
export const fail = (evidence: string): Finding => ({status: 'fail', evidence});
export const notApplicable = (evidence: string): Finding => ({status: 'not_applicable', evidence});

/** Passes when there is nothing to complain of, else tells the first complaints. */
export function verdict(complaints: readonly string[], good: string): Finding {
  return complaints.length === 0 ? pass(good) : fail(someOf(complaints));
}

/** `a, b, c and 4 more` */
export function someOf(texts: readonly string[], most = 3): string {
  const shown = texts.slice(0, most).join(', ');
  return texts.length <= most ? shown : `${shown} and ${texts.length - most} more`;
}

/** What is said of a rule that needs a service that answers where there is none: one mistake is one failure. */
export function silent({where}: Served): Finding {
  return notApplicable(
    where === 'loopback' ? 'cannot be reached: see binds-all-addresses' : 'does not answer: see starts',
  );
}

/** Judges a container that runs; says so where it has ended. */
export async function whenAlive(served: () => Promise<Served>, judge: (alive: Alive) => Finding): Promise<Finding> {
  const {alive} = await served();
  return alive === undefined ? notApplicable('does not run: see starts') : judge(alive);
}

/** Judges what needed an answer; says why there is nothing to judge. */
export async function whenAnswered<T>(
  served: () => Promise<Served>,
  found: T | undefined,
  judge: (found: T) => Finding,
): Promise<Finding> {
  return found === undefined ? silent(await served()) : judge(found);
}
