/** Something that was found, and the file that shows it. */
export interface Fact {
  /** `Next.js 16` */
  readonly what: string;
  /** `package.json` */
  readonly from?: string | undefined;
}

/** Something that nothing in the directory decides. */
export interface Undecided {
  readonly what: string;
  /** The line to write, and where. */
  readonly write: string;
  /** The key of a file, such as `web` of a Procfile, which `run` does not follow. */
  readonly unfollowed?: {readonly file: string; readonly key: string};
}

/** The line of a Procfile that starts the service. */
export const procfileWeb = {file: 'Procfile', key: 'web'};

/** What a directory shows about its service. */
export interface Description {
  readonly facts: readonly Fact[];
  readonly undecided: readonly Undecided[];
  /** A path that shows the service's health; undefined if its source has none. */
  readonly health?: HealthPath | undefined;
}

/** A path of the source by which health can be asked. */
export interface HealthPath {
  readonly path: string;
  readonly from: string;
}

/** One line: `Next.js 16 from package.json; build script`. */
export function factsText(facts: readonly Fact[]): string {
  return facts.map(({what, from}) => (from === undefined ? what : `${what} from ${from}`)).join('; ');
}

/** A version as people say it: `16`, or `0.120` below 1. Empty if the text has none. */
export function shortVersion(text: string): string {
  const [, major = '', minor] = /(\d+)(?:\.(\d+))?/.exec(text) ?? [];
  return major === '0' && minor !== undefined ? `0.${minor}` : major;
}
