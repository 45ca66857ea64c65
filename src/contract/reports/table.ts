import type {Report, RuleResult} from '../check.ts';

const marks = {pass: 'pass', fail: 'FAIL', skip: 'skip', not_applicable: '-'} as const;

/** For people: a line for each rule, the fix below each that failed, and the count at the end. */
export function tableReport({image, seconds, results, counts}: Report): string {
  const width = Math.max(...results.map(({id}) => id.length));
  const line = (one: RuleResult): string[] => {
    const mark = one.status === 'fail' && one.severity === 'warning' ? 'warn' : marks[one.status];
    return [
      `${mark.padEnd(4)}  ${one.id.padEnd(width)}  ${one.evidence}`,
      ...(one.status === 'fail' ? [`${' '.repeat(width + 8)}fix: ${one.fix}`] : []),
    ];
  };
  const warnings = results.filter(({status, severity}) => status === 'fail' && severity === 'warning').length;
  const told = [
    `${counts.pass} passed`, `${counts.fail - warnings} failed`, `${warnings} warned`,
    ...(counts.skip > 0 ? [`${counts.skip} skipped`] : []), `${counts.not_applicable} not applicable`,
  ];
  return [...results.flatMap(line), `${image}: ${told.join(', ')}; ${seconds.toFixed(1)} s`].join('\n');
}
