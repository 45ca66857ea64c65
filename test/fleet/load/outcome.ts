/** One request that was not answered by 200 and in full. Times are of this machine, in milliseconds since 1970. */
export interface Failure {
  readonly sentAt: number;
  readonly endedAt: number;
  readonly address: string;
  /** `POST kept slow` */
  readonly kind: string;
  readonly what: string;
}

/** The outcome of a load. Every request is counted once; `sent` is answered + failures. */
export interface Outcome {
  readonly sent: number;
  readonly answered: number;
  readonly failures: readonly Failure[];
  /** Answers by the version that gave them. */
  readonly versions: Readonly<Record<string, number>>;
  /** Answers of another version while one was expected. */
  readonly stale: readonly string[];
  /** Requests by kind: `GET fresh`, `POST kept slow`, ... */
  readonly kinds: Readonly<Record<string, number>>;
  /** POSTs that the service carried out more than once. */
  readonly twice: readonly string[];
  /** POSTs that the service reported as carried out. */
  readonly executed: number;
  /** Milliseconds from the time a request was due to its complete response, without slow requests. */
  readonly latency: {readonly p50: number; readonly p99: number; readonly max: number};
}

/** For people: what failed, how often, where and between when. */
export function failureText(failures: readonly Failure[]): string {
  const groups = Map.groupBy(failures, ({address, kind, what}) => `${what} at ${address} (${kind})`);
  return [...groups]
    .map(
      ([what, some]) =>
        `${some.length} x ${what}, ${new Date(some[0]?.sentAt ?? 0).toISOString()} to ${new Date(some.at(-1)?.endedAt ?? 0).toISOString()}`,
    )
    .join('\n');
}
