/** What another tool's file says, as settings of deploy.yaml. */
export interface Imported {
  /** Its name. */
  readonly file: string;
  /** Lines of YAML, for the top and for the environment `local`. */
  readonly top: readonly string[];
  readonly local: readonly string[];
  /** The command that prepares a release. */
  readonly release?: string | undefined;
  readonly taken: readonly Taken[];
  readonly left: readonly Left[];
}

/** A key, with its line (0: none) and what became of it. */
export interface Taken {
  readonly line: number;
  readonly key: string;
  /** `port: 8080 of deploy.yaml` */
  readonly as: string;
}

/** A key that was not taken. */
export interface Left {
  readonly line: number;
  readonly key: string;
  readonly reason: string;
}
