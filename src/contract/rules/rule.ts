import type {Lab} from '../probes/lab.ts';

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
