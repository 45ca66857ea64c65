import {tmpdir} from 'node:os';
import type {Runner} from '../shell/index.ts';
import type {ImageFacts} from './image/facts.ts';
import type {ServiceUnderTest} from './image/service-under-test.ts';
import {type Probes, startProbes} from './probes/probes.ts';
import type {Finding, Rule, RuleStatus} from './rules/rule.ts';

/** The outcome of a check. */
export interface Report {
  readonly image: string;
  /** The image's id. */
  readonly id: string;
  readonly seconds: number;
  readonly counts: Readonly<Record<RuleStatus, number>>;
  /** No rule of severity `error` failed. */
  readonly passed: boolean;
  readonly results: readonly RuleResult[];
}

/** The outcome of one rule, with what a report says about the rule. */
export interface RuleResult extends Finding, Pick<Rule, 'id' | 'severity' | 'summary' | 'how' | 'fix'> {}

/** What to check. */
export interface CheckOptions {
  /** The engine's metadata of the image under test. */
  readonly image: ImageFacts;
  readonly rules: readonly Rule[];
  /** Rules that are not checked, each with the reason. */
  readonly skip: Readonly<Record<string, string>>;
  /** Directory for temporary files that the docker client reads or writes. Default: that of the system. */
  readonly temporary?: string | undefined;
}

/**
 * Checks an image that is on the engine. Everything that the check starts is removed, even after an error or Ctrl-C.
 * A broken rule is a result, not an error.
 * @throws Problem `command_failed` where the engine fails a probe
 * @example
 * const image = await readImageFacts(run, subject.image);
 * const report = await checkImage(run, subject, {image, rules: requestedRules(['starts']), skip: {}});
 * if (!report.passed) context.say(reportText(report, 'table'));
 */
export async function checkImage(
  run: Runner,
  service: ServiceUnderTest,
  {image, rules, skip, temporary = tmpdir()}: CheckOptions,
): Promise<Report> {
  const started = performance.now();
  const results = await run.scope(async (scope) => {
    const probes = await startProbes(run, scope, service, {image, temporary});
    // Wait for every rule before the scope removes anything, even if one was interrupted.
    const settled = await Promise.allSettled(rules.map((rule) => evaluate(rule, probes, skip[rule.id])));
    return settled.map((one) => {
      if (one.status === 'rejected') throw one.reason;
      return one.value;
    });
  });
  return makeReport({image: service.name, id: image.id, seconds: (performance.now() - started) / 1000, results});
}

async function evaluate({check, ...rule}: Rule, probes: Probes, skipReason: string | undefined): Promise<RuleResult> {
  const {id, severity, summary, how, fix} = rule;
  const finding: Finding = skipReason === undefined ? await check(probes) : {status: 'skip', evidence: skipReason};
  return {id, severity, summary, how, fix, ...finding};
}

/** The pure part of {@link checkImage}: counts the results. */
export function makeReport(options: Pick<Report, 'image' | 'id' | 'seconds' | 'results'>): Report {
  const count = (status: RuleStatus): number => options.results.filter((one) => one.status === status).length;
  return {
    ...options,
    counts: {pass: count('pass'), fail: count('fail'), skip: count('skip'), not_applicable: count('not_applicable')},
    passed: !options.results.some(({status, severity}) => status === 'fail' && severity === 'error'),
  };
}
