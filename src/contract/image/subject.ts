import type {SecretReference, Words} from '../../shell/argv.ts';

/** What is checked, and what it needs to run. */
export interface Subject {
  /** An id or a name with its digest: it cannot move while the check goes on. */
  readonly image: string;
  /** What the user called it. */
  readonly name: string;
  /** Words after the image that serve. */
  readonly command: Words;
  /** Where the service listens. */
  readonly port: number;
  /** Answers when the service may get traffic. */
  readonly health: string;
  /** With a path that the service's file or the user named, 200 is asked for; else any answer below 500 will do. */
  readonly healthIsDeclared: boolean;
  /** Answers while the process is alive, its backing services present or not. */
  readonly alive: string;
  /** A path that takes some two seconds to answer, where there is one. */
  readonly slow: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretReference>>;
  /** Names of the backing services on the network. */
  readonly backing: readonly string[];
  /** The network that all containers of the check are on; the beginning of their names. */
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
  /** An image with node and sh, from which the probes run. */
  readonly helper: string;
}

/** Seconds from SIGTERM to SIGKILL: Docker's own default. */
export const graceSeconds = 10;

/** Seconds that a service may take until it answers. */
export const startSeconds = 20;
