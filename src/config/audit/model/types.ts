/** What a file says, as JSON has it. */
export type Json = string | number | boolean | null | readonly Json[] | {readonly [key: string]: Json};

/** One value of one file. */
export interface Setting {
  /** The path to the value: `['db', 'host']`. */
  readonly path: readonly string[];
  /** Undefined if only running the code would show it: see `expression` and `variable`. */
  readonly value: Json | undefined;
  readonly file: string;
  readonly line: number;
  /** Source text of a value that is computed, without its literals' secrecy: never printed. */
  readonly expression?: string | undefined;
  /** Name of the environment variable that the value is read from already. */
  readonly variable?: string | undefined;
  /** Keys that the value is made of, as written: `${db.host}`, `%(host)s` or a name in Python. */
  readonly references?: readonly string[] | undefined;
  /** Two readings of the file, if it allows two: a conditional, or a key that is set twice. */
  readonly readings?: readonly [string, string] | undefined;
}

/** Formats whose values have no types: everything is text. */
export type Format = 'ini' | 'properties' | 'env' | 'yaml' | 'json' | 'toml' | 'python';

/** The settings of a file that apply to one environment, or to all of them. */
export interface Part {
  /** Undefined: to all, or to the environment that the file's name says. */
  readonly environment?: string | undefined;
  readonly settings: readonly Setting[];
}

/** A problem of a file; its text has no word of the file in it. */
export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A file as a reader found it. */
export interface Reading {
  readonly format: Format;
  readonly parts: readonly Part[];
  readonly problems: readonly FileProblem[];
  /** What was found and not read, with the line: nothing is silently ignored. */
  readonly notes?: readonly FileProblem[] | undefined;
  /** Files that this one imports: they are no environment of their own. */
  readonly imports?: readonly string[] | undefined;
}

/** Reads another file, for imports; undefined if it does not exist. */
export type ReadText = (file: string) => string | undefined;

/** A reader of one format. It executes nothing. */
export type Reader = (file: string, text: string, readText: ReadText) => Reading;

/** The classes of a key, in the order in which they are tried. */
export const classes = [
  'dead',
  'missing somewhere',
  'secret',
  'not for a container',
  'ambiguous',
  'derived',
  'varies',
  'constant',
] as const;

/** The class of a key. */
export type KeyClass = (typeof classes)[number];

/** A key of a configuration with its value in each environment. */
export interface Key {
  readonly name: string;
  readonly path: readonly string[];
  readonly format: Format;
  /** Which files it comes from, environments left out: two documents can have keys of the same name. */
  readonly document: string;
  /** By environment; a key that an environment does not have is not in it. */
  readonly settings: ReadonlyMap<string, Setting>;
}

/** The environments of a configuration, and every key. */
export interface Configuration {
  readonly environments: readonly string[];
  readonly keys: readonly Key[];
}

/** A key with its class. */
export interface AuditedKey {
  readonly key: string;
  readonly class: KeyClass;
  readonly file: string;
  readonly line: number;
  /** The reason, without any value. */
  readonly why: string;
  /** What else is true of it. */
  readonly notes: readonly string[];
  /** Its value gives access to something, whatever its class. */
  readonly secret: boolean;
}
