import type {Inspection, NormalRun} from '../probes/normal-run.ts';
import type {Probes} from '../probes/probes.ts';

/** A failed error fails the check; a failed warning is only reported. */
export type Severity = 'error' | 'warning';
/** The status of a rule after a check. */
export type RuleStatus = 'pass' | 'fail' | 'skip' | 'not_applicable';

/** The outcome of a rule. `evidence` is one line and never contains the value of a secret. */
export interface Finding {
  readonly status: RuleStatus;
  readonly evidence: string;
}

/** One clause of the contract. docs/contract.md explains each; a test compares the two. */
export interface Rule {
  /** Kebab-case. A public name: used in reports, in deploy.yaml and as anchor in docs/contract.md. */
  readonly id: string;
  /** A failed error fails the check; a failed warning is only reported. */
  readonly severity: Severity;
  /** The property of an image that keeps the rule. */
  readonly summary: string;
  /** How the rule is checked. */
  readonly how: string;
  readonly fix: string;
  /** Judges what the probes found; changes nothing. */
  readonly check: (probes: Probes) => Finding | Promise<Finding>;
}

export const pass = (evidence: string): Finding => ({status: 'pass', evidence});
export const fail = (evidence: string): Finding => ({status: 'fail', evidence});
export const notApplicable = (evidence: string): Finding => ({status: 'not_applicable', evidence});

/** Fails with the first violations; passes with `evidence` if there are none. */
export function passUnless(violations: readonly string[], evidence: string): Finding {
  return violations.length === 0 ? pass(evidence) : fail(shortList(violations));
}

/** `a, b, c and 4 more` */
export function shortList(texts: readonly string[], most = 3): string {
  const shown = texts.slice(0, most).join(', ');
  return texts.length <= most ? shown : `${shown} and ${texts.length - most} more`;
}

/** The finding of a rule that needs a service that answers, if none does: one defect fails one rule. */
export function unreachable({reachableFrom}: NormalRun): Finding {
  return notApplicable(
    reachableFrom === 'loopback' ? 'cannot be reached: see binds-all-addresses' : 'does not answer: see starts',
  );
}

/** Judges a running container; not applicable if it has exited. */
export async function whenRunning(
  normalRun: () => Promise<NormalRun>,
  judge: (inspection: Inspection) => Finding,
): Promise<Finding> {
  const {inspection} = await normalRun();
  return inspection === undefined ? notApplicable('is not running: see starts') : judge(inspection);
}

/** Judges the result of a probe that needs a service that answers; not applicable if none does. */
export async function whenAnswered<T>(
  normalRun: () => Promise<NormalRun>,
  result: T | undefined,
  judge: (result: T) => Finding,
): Promise<Finding> {
  return result === undefined ? unreachable(await normalRun()) : judge(result);
}
