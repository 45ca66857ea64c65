import type {Declared} from '../../declaration/evaluate.ts';

/** The declared variables of a service. */
export interface Declaration {
  /** Relative to the service's directory. */
  readonly file: string;
  readonly fields: readonly Declared[];
  /** All declared names. */
  readonly names: ReadonlySet<string>;
}
