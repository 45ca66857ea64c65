import type {Runner} from '../shell/index.ts';
import type {ImageFacts} from './image/facts.ts';
import type {Subject} from './image/subject.ts';
import {type Lab, openLab} from './probes/lab.ts';
import type {Finding, Rule, Status} from './rules/rule.ts';

/** What a check found. */
export interface Report {
  readonly image: string;
  /** The image's id. */
  readonly id: string;
  readonly seconds: number;
  readonly counts: Readonly<Record<Status, number>>;
  /** No rule of severity `error` failed. */
  readonly passed: boolean;
  readonly results: readonly RuleResult[];
}

export interface RuleResult extends Finding, Pick<Rule, 'id' | 'severity' | 'summary' | 'how' | 'fix'> {}

export interface CheckOptions {
  /** What the engine tells of the subject's image. */
  readonly image: ImageFacts;
  readonly rules: readonly Rule[];
  /** Rules that are not checked, with the reason. */
  readonly skip: Readonly<Record<string, string>>;
}

/** Checks an image that is on the engine. Everything that is started is removed, also after an error or Ctrl-C. */
export async function checkImage(run: Runner, subject: Subject, {image, rules, skip}: CheckOptions): Promise<Report> {
  const started = performance.now();
  const results = await run.scope(async (scope) => {
    const lab = await openLab(run, scope, subject, image);
    // All of them end before anything is removed, also when one of them was interrupted.
    const ended = await Promise.allSettled(rules.map((rule) => judge(rule, lab, skip[rule.id])));
    return ended.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  });
  return summary({image: subject.name, id: image.id, seconds: (performance.now() - started) / 1000, results});
}

async function judge({check, ...rule}: Rule, lab: Lab, reason: string | undefined): Promise<RuleResult> {
  const {id, severity, summary: text, how, fix} = rule;
  const finding: Finding = reason === undefined ? await check(lab) : {status: 'skip', evidence: reason};
  return {id, severity, summary: text, how, fix, ...finding};
}

/** The pure part of {@link checkImage}: counts what was found. */
export function summary(facts: Pick<Report, 'image' | 'id' | 'seconds' | 'results'>): Report {
  const count = (status: Status): number => facts.results.filter((one) => one.status === status).length;
  return {
    ...facts,
    counts: {pass: count('pass'), fail: count('fail'), skip: count('skip'), not_applicable: count('not_applicable')},
    passed: !facts.results.some(({status, severity}) => status === 'fail' && severity === 'error'),
  };
}
