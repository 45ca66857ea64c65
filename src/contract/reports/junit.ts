import type {Report, RuleResult} from '../check.ts';

/** JUnit's XML: what CI systems read. A rule is a test case; one that warns passes, and tells what it saw. */
export function junitReport({image, seconds, results}: Report): string {
  const failures = results.filter(failed).length;
  const skipped = results.filter(({status}) => status === 'skip' || status === 'not_applicable').length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name=${attribute(`check ${image}`)} tests="${results.length}" failures="${failures}" skipped="${skipped}" time="${seconds.toFixed(3)}">`,
    ...results.map(testCase),
    '</testsuite>',
  ].join('\n');
}

const failed = ({status, severity}: RuleResult): boolean => status === 'fail' && severity === 'error';

function testCase(result: RuleResult): string {
  const {id, status, evidence, fix, summary} = result;
  const inner = failed(result)
    ? `<failure message=${attribute(evidence)}>${escape(`${summary}\nfix: ${fix}`)}</failure>`
    : status === 'pass' ? '' : status === 'fail'
      ? `<system-out>${escape(`warning: ${evidence}\nfix: ${fix}`)}</system-out>`
      : `<skipped message=${attribute(status === 'skip' ? evidence : `not applicable: ${evidence}`)}/>`;
  return `  <testcase classname="contract" name=${attribute(id)}>${inner}</testcase>`;
}

const attribute = (text: string): string => `"${escape(text).replaceAll('\n', '&#10;')}"`;

// Most control characters must not be in XML at all, not even escaped: logs have colours.
function escape(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
