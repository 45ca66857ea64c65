type OutputName = 'stdout' | 'stderr';

/** The reader has gone, or the terminal was closed. */
const closedCodes: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO']);

/**
 * From now on, output of the service that has no reader any more (`run | head`, a closed terminal) is lost, but costs no
 * worker: by default, Node ends the process at `console.log`. The streams are not made before the service uses them: Node
 * makes a pipe non-blocking then, for every process that writes to it.
 */
export function keepWithoutReader(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const original = Object.getOwnPropertyDescriptor(process, name);
    if (original?.get === undefined || original.configurable !== true) continue;
    Object.defineProperty(process, name, {
      ...original,
      get: () => {
        Object.defineProperty(process, name, original);
        return ignoreClosed(name);
      },
    });
  }
}

function ignoreClosed(name: OutputName): NodeJS.WriteStream {
  const stream = process[name];
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Without this listener, it would be an uncaught exception.
    if (!closedCodes.has(error.code) && stream.listenerCount('error') === 1) throw error;
  });
  return stream;
}
