import type {Failure} from '../load/outcome.ts';
import type {EnvironmentSettings, Outcome, Version} from '../service.ts';
import type {World} from '../world.ts';

/** Requests that can be lost; `address` is that of the struck machine. */
export type Losses = 'nothing' | ((failure: Failure, address: string) => boolean);

/**
 * One fault during a deploy. For each, the runner asserts: exit code 0 if the new version serves everywhere and another
 * one if the old does; nothing is lost except what `loses` allows; nothing is carried out twice; a second deploy ends
 * with the new version everywhere and no leftovers.
 */
export interface Fault {
  readonly title: string;
  /** Part of `npm test`; all others run only in `npm run test:fleet`. */
  readonly usual?: boolean;
  /** Settings of deploy.yaml in the struck deploy. `dedicated` holds in the deploys around it, too. */
  readonly settings?: EnvironmentSettings;
  /** It strikes while the command whose echoed line matches is running. Default: before the deploy. */
  readonly during?: RegExp;
  /** Match commands on any host. Default: only on the struck host, if a host is struck. */
  readonly duringAnywhere?: boolean;
  /** Milliseconds from the start of that command to the strike. Default 0. */
  readonly delayMs?: number;
  /** Default: the last host, which has a small disk. */
  readonly struck?: (world: World) => string;
  /** Deploy an image that no host has yet. */
  readonly freshImage?: boolean;
  /** Causes the fault; returns a function that repairs it. */
  readonly strike?: (world: World, struck: string) => (() => void) | void;
  /** Further variables of the deployer. */
  readonly environment?: (world: World) => Readonly<Record<string, string>>;
  /** Words of the command instead of `deploy prod --image=...`. */
  readonly words?: (world: World, version: Version) => readonly string[];
  /** The version that must serve after the repair. Default `by code`: either, as long as the exit code says which. */
  readonly ends?: 'old' | 'new' | 'by code';
  /** The struck host is unreachable during the rollback: it can keep the other release until the next deploy. */
  readonly staysAsItIs?: boolean;
  /** The exit code. Default: 0 or another one, by the version that serves. */
  readonly code?: number;
  /** Matches the standard error. */
  readonly says?: RegExp;
  readonly loses?: Losses;
  /** Further assertions. */
  readonly also?: (world: World, result: Outcome) => void | Promise<void>;
}
