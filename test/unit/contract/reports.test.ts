import assert from 'node:assert/strict';
import {test} from 'node:test';
import {makeReport, type RuleResult} from '../../../src/contract/check.ts';
import {reportText} from '../../../src/contract/reports.ts';

const result = (id: string, changes: Partial<RuleResult>): RuleResult => ({
  id,
  severity: 'error',
  summary: `${id} holds`,
  how: 'inspection',
  fix: 'repair it',
  status: 'pass',
  evidence: 'seen',
  ...changes,
});
const report = makeReport({
  image: 'a:1',
  id: 'sha256:1',
  seconds: 1.25,
  results: [
    result('first', {}),
    result('second', {status: 'fail', evidence: 'it said "<no>" & \u001b[31mended'}),
    result('third', {status: 'fail', severity: 'warning'}),
    result('fourth', {status: 'skip', evidence: 'our reason'}),
    result('fifth', {status: 'not_applicable', evidence: 'no such thing'}),
  ],
});

test('a failed error fails the check, a failed warning does not', () => {
  assert.equal(report.passed, false);
  assert.equal(makeReport({...report, results: [result('third', {status: 'fail', severity: 'warning'})]}).passed, true);
  assert.deepEqual(report.counts, {pass: 1, fail: 2, skip: 1, not_applicable: 1});
});

test('the table has a line for each rule, and the fix below each failure', () => {
  assert.equal(
    reportText(report, 'table'),
    [
      'pass  first   seen',
      'FAIL  second  it said "<no>" & \u001b[31mended',
      '              fix: repair it',
      'warn  third   seen',
      '              fix: repair it',
      'skip  fourth  our reason',
      '-     fifth   no such thing',
      'a:1: 1 passed, 1 failed, 1 warned, 1 skipped, 1 not applicable; 1.3 s',
    ].join('\n'),
  );
});

test('JUnit counts failures and skipped rules, and is valid XML whatever the evidence contains', () => {
  const xml = reportText(report, 'junit');
  assert.match(xml, /<testsuite name="check a:1" tests="5" failures="1" skipped="2" time="1\.250">/);
  assert.match(
    xml,
    /<testcase classname="contract" name="second"><failure message="it said &quot;&lt;no&gt;&quot; &amp; \[31mended">/,
  );
  assert.match(xml, /name="fourth"><skipped message="our reason"\/>/);
  assert.ok(!xml.includes('\u001b'));
});

test('SARIF lists each rule once, with a level for each failure', () => {
  const {
    version,
    runs: [run],
  } = JSON.parse(reportText(report, 'sarif')) as {
    version: string;
    runs: [
      {
        tool: {driver: {rules: {id: string}[]}};
        results: {ruleId: string; ruleIndex: number; kind: string; level: string}[];
      },
    ];
  };
  assert.equal(version, '2.1.0');
  for (const {ruleId, ruleIndex} of run.results) assert.equal(run.tool.driver.rules[ruleIndex]?.id, ruleId);
  assert.deepEqual(
    run.results.map(({kind, level}) => `${kind} ${level}`),
    ['pass none', 'fail error', 'fail warning', 'notApplicable none', 'notApplicable none'],
  );
});

test('the JSON format is the report itself', () => {
  assert.deepEqual(JSON.parse(reportText(report, 'json')), report);
});
