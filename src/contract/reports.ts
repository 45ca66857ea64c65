import {table} from '../text/table.ts';
import type {Report, RuleResult} from './check.ts';

/** The formats of a report. */
export const reportFormats = ['table', 'json', 'junit', 'sarif'] as const;
/** One of {@link reportFormats}. */
export type ReportFormat = (typeof reportFormats)[number];

const writers: Readonly<Record<ReportFormat, (report: Report) => string>> = {
  table: tableReport,
  json: (report) => JSON.stringify(report, undefined, 2),
  junit: junitReport,
  sarif: sarifReport,
};

/**
 * A report as text, without a trailing newline.
 * @example
 * context.say(reportText(report, 'table'));
 */
export const reportText = (report: Report, format: ReportFormat): string => writers[format](report);

/** All of one width: a report without passes is aligned like any other. */
const marks = {pass: 'pass', fail: 'FAIL', skip: 'skip', not_applicable: '-   '} as const;

/** For people: one line per rule, the fix below each failure, the counts last. */
export function tableReport({image, seconds, results, counts}: Report): string {
  const warnings = results.filter(({status, severity}) => status === 'fail' && severity === 'warning').length;
  const counted = [
    `${counts.pass} passed`,
    `${counts.fail - warnings} failed`,
    `${warnings} warned`,
    ...(counts.skip > 0 ? [`${counts.skip} skipped`] : []),
    `${counts.not_applicable} not applicable`,
  ];
  return [
    ...table(results.flatMap(tableRows), {gap: 2}),
    `${image}: ${counted.join(', ')}; ${seconds.toFixed(1)} s`,
  ].join('\n');
}

function tableRows({id, severity, status, evidence, fix}: RuleResult): string[][] {
  const mark = status === 'fail' && severity === 'warning' ? 'warn' : marks[status];
  return [[mark, id, evidence], ...(status === 'fail' ? [['', '', `fix: ${fix}`]] : [])];
}

/** JUnit XML, for CI systems. A rule is a test case; a failed warning passes, with its evidence in `system-out`. */
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
    : status === 'pass'
      ? ''
      : status === 'fail'
        ? `<system-out>${escape(`warning: ${evidence}\nfix: ${fix}`)}</system-out>`
        : `<skipped message=${attribute(status === 'skip' ? evidence : `not applicable: ${evidence}`)}/>`;
  return `  <testcase classname="contract" name=${attribute(id)}>${inner}</testcase>`;
}

const attribute = (text: string): string => `"${escape(text).replaceAll('\n', '&#10;')}"`;

// XML 1.0 allows most control characters in no form, not even escaped, and log lines contain colour codes.
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

function escape(text: string): string {
  return text
    .replaceAll(unprintable, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/**
 * SARIF 2.1.0, which code hosts show next to the source. Every result points at the Dockerfile, since an image has no
 * lines. @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function sarifReport({image, id, results}: Report): string {
  const levels = {error: 'error', warning: 'warning'} as const;
  return JSON.stringify(
    {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: {
            driver: {
              name: 'entrypoint check',
              rules: results.map((one) => ({
                id: one.id,
                shortDescription: {text: one.summary},
                fullDescription: {text: `Checked by: ${one.how}`},
                help: {text: one.fix},
                defaultConfiguration: {level: levels[one.severity]},
              })),
            },
          },
          properties: {image, imageId: id},
          results: results.map((one, ruleIndex) => ({
            ruleId: one.id,
            ruleIndex,
            kind: {pass: 'pass', fail: 'fail', skip: 'notApplicable', not_applicable: 'notApplicable'}[one.status],
            level: one.status === 'fail' ? levels[one.severity] : 'none',
            message: {text: one.status === 'skip' ? `skipped: ${one.evidence}` : one.evidence},
            locations: [
              {
                physicalLocation: {artifactLocation: {uri: 'Dockerfile'}},
                logicalLocations: [{fullyQualifiedName: image, kind: 'module'}],
              },
            ],
          })),
        },
      ],
    },
    undefined,
    2,
  );
}
