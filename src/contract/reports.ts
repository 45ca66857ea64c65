import type {Report} from './check.ts';
import {junitReport} from './reports/junit.ts';
import {sarifReport} from './reports/sarif.ts';
import {tableReport} from './reports/table.ts';

export const reportFormats = ['table', 'json', 'junit', 'sarif'] as const;
export type ReportFormat = (typeof reportFormats)[number];

const writers: Readonly<Record<ReportFormat, (report: Report) => string>> = {
  table: tableReport,
  json: (report) => JSON.stringify(report, undefined, 2),
  junit: junitReport,
  sarif: sarifReport,
};

/** A report as text, without a line end. */
export const reportText = (report: Report, format: ReportFormat): string => writers[format](report);
