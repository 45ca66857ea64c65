/** A deployer that died holds the lock no longer than this, in seconds. One that lives renews it three times as often. */
export const lockSeconds = 60;

/** A lock as it stands on a machine. */
export interface HeldLock {
  readonly id: string;
  readonly owner: string;
  readonly reason: string;
  /** Which process took it, for those that can see whether it lives: see {@link processMark}. */
  readonly process: string;
  /** How long it has been held, in seconds, by the clock of the machine where it stands. */
  readonly age: number;
  /** When it expires, in seconds from now, by the same clock; negative when it has. */
  readonly left: number;
}

// A renewal changes the one number of a container that can change and that means nothing as long as it never runs.
export const lockFormat = [
  '{{.Id}}',
  '{{.Created}}',
  '{{.HostConfig.RestartPolicy.MaximumRetryCount}}',
  ...['owner', 'reason', 'process'].map((name) => `{{index .Config.Labels "entrypoint.lock.${name}"}}`),
].join('\t');

/** Reads a lock as {@link lockFormat} prints it, and the engine's own time: no clock but the machine's counts. */
export function parseLock(text: string, clock: string): HeldLock | undefined {
  if (text === '') return undefined;
  const [id = '', created = '', renewed = '', owner = '', reason = '', process = ''] = text.split('\t');
  const now = Date.parse(clock) / 1000;
  const taken = Date.parse(created) / 1000;
  const expires = Math.max(taken + lockSeconds, Number(renewed));
  return {id, owner, reason, process, age: Math.max(0, Math.round(now - taken)), left: Math.round(expires - now)};
}
