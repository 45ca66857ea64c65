import {setTimeout as pause} from 'node:timers/promises';
import {isProblem, messageOf} from '../errors.ts';

/** How often and how long an idempotent operation is tried. Times are in seconds. */
export interface RetryOptions {
  /** Tries in all, the first one included. Default 5. */
  readonly attempts?: number | undefined;
  /** Upper bound of the first pause; doubled for each further one. Default 0.5. */
  readonly baseSeconds?: number | undefined;
  /** Upper bound of any pause. Default 10. */
  readonly maxPauseSeconds?: number | undefined;
  /** No further try starts after this time. Default 60. */
  readonly deadlineSeconds?: number | undefined;
}

/** Dependencies of a retry, each replaceable: the test for transient failures, the clock, the random source. */
export interface RetryWorld {
  /** Whether the failure is worth another try. Default: {@link isTransientText} of its message, details and causes. */
  readonly isTransient?: (error: unknown) => boolean;
  /** Called before each pause. */
  readonly onRetry?: (facts: {attempt: number; attempts: number; pauseSeconds: number; error: unknown}) => void;
  readonly sleep?: (seconds: number) => Promise<unknown>;
  /** Milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
  readonly random?: () => number;
}

/**
 * Calls `body` until it succeeds, fails permanently, or runs out of tries or time; then throws its last error. Only for
 * what is idempotent. The pause is random between 0 and an exponentially growing bound ("full jitter"), so that clients
 * that failed together do not return together.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 * @example
 * const answer = await retry(() => fetch('http://127.0.0.1:8080/readyz'));
 * @example
 * await retry((attempt) => upload(attempt), {attempts: 3, deadlineSeconds: 20}, {isTransient: () => true});
 */
export async function retry<T>(
  body: (attempt: number) => Promise<T>,
  options: RetryOptions = {},
  world: RetryWorld = {},
): Promise<T> {
  const {attempts = 5, baseSeconds = 0.5, maxPauseSeconds = 10, deadlineSeconds = 60} = options;
  const {
    isTransient = (error: unknown) => isTransientText(failureText(error)),
    onRetry,
    sleep = (seconds: number) => pause(seconds * 1000),
    now = Date.now,
    random = Math.random,
  } = world;
  const end = now() + deadlineSeconds * 1000;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await body(attempt);
    } catch (error) {
      const pauseSeconds = random() * Math.min(maxPauseSeconds, baseSeconds * 2 ** (attempt - 1));
      const late = now() + pauseSeconds * 1000 > end;
      if (attempt >= attempts || late || !isTransient(error)) throw error;
      onRetry?.({attempt, attempts, pauseSeconds, error});
      await sleep(pauseSeconds);
    }
  }
}

// `fetch` reports every network failure as "fetch failed", and the reason as the cause.
function failureText(error: unknown): string {
  const details = isProblem(error) ? error.details : [];
  const cause = error instanceof Error && error.cause !== undefined ? [failureText(error.cause)] : [];
  return [messageOf(error), ...details, ...cause].join('\n');
}

// Permanent, whatever else the same text says.
const permanent =
  /not found|no such (image|container|file)|denied|unauthorized|authentication required|no basic auth|forbidden|invalid|manifest unknown|name unknown|x509|certificate|(status|code)[^0-9]{0,20}4(?!08|25|29)\d\d\b/i;

const transient = new RegExp(
  [
    'connection (refused|reset|timed out|closed)',
    'ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|EPIPE|ENETUNREACH|EHOSTUNREACH',
    'i/o timeout|TLS handshake timeout|timeout exceeded|deadline exceeded|timed out',
    'temporary failure in name resolution|could not resolve host|no such host|network is unreachable|no route to host',
    'unexpected EOF|: EOF|broken pipe|server closed|transport is closing',
    'too ?many ?requests|service unavailable|bad gateway|gateway timeout|internal server error',
    '(status|code|http)[^0-9]{0,20}(5\\d\\d|408|425|429)\\b',
  ].join('|'),
  'i',
);

/**
 * Whether the text of a failure names the network or an overloaded server, and not something missing, forbidden or
 * invalid, for which a retry gives the same answer.
 * @example
 * isTransientText('dial tcp 10.0.0.1:5000: connect: connection refused'); // true
 * isTransientText('manifest unknown'); // false
 */
export function isTransientText(text: string): boolean {
  return transient.test(text) && !permanent.test(text.replaceAll(/no such host/gi, ''));
}
