import type {Outcome, Version, Wish} from '../crew.ts';
import type {Failure} from '../load/outcome.ts';
import type {World} from '../world.ts';

/** What may be lost; `address` is that of the machine that was struck. */
export type Losses = 'nothing' | ((failure: Failure, address: string) => boolean);

/**
 * One thing that goes wrong during a deploy. Whatever it is, the runner asserts: exit code 0 where the new version
 * serves everywhere and another one where the old does, nothing lost but what `loses` allows, nothing carried out twice,
 * and a second deploy that ends with the new version everywhere and nothing left behind.
 */
export interface Fault {
  readonly title: string;
  /** Part of `npm test`; the others only of `npm run test:fleet`. */
  readonly usual?: boolean;
  /** What deploy.yaml says in the deploy that is struck. Balancers apart: in the deploys around it, too. */
  readonly wish?: Wish;
  /** The command in whose echo the line matches is running when it strikes. Default: it strikes before the deploy. */
  readonly during?: RegExp;
  /** Must that command be the struck host's? Default yes, where a host is struck. */
  readonly duringAnywhere?: boolean;
  /** How long that command has been running then, in milliseconds. Default 0. */
  readonly delayMs?: number;
  /** Default: the last host, which has a small disk. */
  readonly struck?: (world: World) => string;
  /** Is the new version to be an image that no host has yet? */
  readonly freshImage?: boolean;
  /** What it does; the answer mends it. */
  readonly strike?: (world: World, struck: string) => (() => void) | void;
  /** Further variables of the deployer. */
  readonly environment?: (world: World) => Readonly<Record<string, string>>;
  /** How it is called instead of `deploy prod --image=...`. */
  readonly words?: (world: World, version: Version) => readonly string[];
  /** Who must serve when it is mended; default `by code`: both are right, as long as the exit code says which. */
  readonly ends?: 'old' | 'new' | 'by code';
  /** It is out of reach while the others are put back: until the next deploy it may have the other release. */
  readonly staysAsItIs?: boolean;
  /** What the user reads. */
  readonly says?: RegExp;
  readonly loses?: Losses;
  /** What else must hold. */
  readonly also?: (world: World, told: Outcome) => void | Promise<void>;
}
