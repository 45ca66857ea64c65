import type {KeyClass} from './model/types.ts';

/** One key of the configuration. */
export interface KeyReport {
  readonly key: string;
  readonly class: KeyClass;
  /** Where it is set first. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly why: string;
  /** What else is true of it. */
  readonly notes: readonly string[];
}

/** The result for programs. It contains no value of any key. */
export interface AuditReport {
  /** How many keys are configuration: they vary, are secret, or are missing somewhere. */
  readonly configuration: number;
  readonly total: number;
  readonly environments: readonly string[];
  readonly keys: readonly KeyReport[];
}

/** What is audited. */
export interface AuditOptions {
  /** Configuration files, relative to `cwd`; `NAME=FILE` says which environment a file belongs to. */
  readonly files: readonly string[];
  /** Files and directories of the code that reads them. Default: none, and then no key is dead. */
  readonly source?: readonly string[] | undefined;
  /** New directory for the declaration, the defaults and a .env for each environment. Default: nothing is written. */
  readonly output?: string | undefined;
}

/** The result of an audit. */
export interface Audited {
  readonly report: AuditReport;
  /** The report as text: the headline, then a table for each class. */
  readonly text: string;
}
