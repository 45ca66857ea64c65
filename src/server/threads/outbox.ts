/** Collects the messages of a turn of the loop. */
export interface Outbox<T> {
  readonly add: (message: T) => void;
  /** Sends what `prepare` adds, even if nothing else is. */
  readonly schedule: () => void;
  /** Sends what has been collected, now. */
  readonly flush: () => void;
}

/**
 * Sends messages in batches: at the end of the turn of the loop, when the sockets that were ready have all been read.
 * @param post sends a batch
 * @param prepare called before each batch is sent; it can still add messages
 */
export function outbox<T>(post: (batch: readonly T[]) => void, prepare: () => void = () => {}): Outbox<T> {
  let batch: T[] = [];
  let scheduled = false;
  const flush = (): void => {
    prepare();
    scheduled = false;
    if (batch.length === 0) return;
    const full = batch;
    batch = [];
    post(full);
  };
  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  };
  return {
    add: (message) => {
      batch.push(message);
      schedule();
    },
    schedule,
    flush,
  };
}
