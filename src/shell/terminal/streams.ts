/** What a screen needs of the terminal on the standard error. Each function that listens returns one that ends it. */
export interface TerminalStreams {
  readonly size: () => {readonly columns: number; readonly rows: number};
  readonly onResize: (listener: () => void) => () => void;
  /** Calls the listener when this process continues after it was stopped. */
  readonly onContinue: (listener: () => void) => () => void;
  /** Calls `around` for whatever code writes to the terminal by the streams of Node. */
  readonly intercept: (around: (text: Uint8Array | string, write: () => void) => void) => () => void;
}

/**
 * Those of this process. A terminal that says it has no columns is taken for one of the usual size.
 * @param isOutputShown whether the standard output is the same terminal
 */
export const processStreams = (isOutputShown: boolean): TerminalStreams => ({
  // Asked each time: until the signal is handled, process.stderr.columns is the old width, and lines would be left behind.
  size() {
    const [columns, rows] = process.stderr.getWindowSize();
    return {columns: columns || 80, rows: rows || 24};
  },
  onResize(listener) {
    process.stderr.on('resize', listener);
    return () => void process.stderr.off('resize', listener);
  },
  onContinue(listener) {
    process.on('SIGCONT', listener);
    return () => void process.off('SIGCONT', listener);
  },
  intercept(around) {
    const streams = [...(isOutputShown ? [process.stdout] : []), process.stderr];
    const undo = streams.map((stream) => {
      const {write} = stream;
      stream.write = ((chunk: Uint8Array | string, ...rest: []) => {
        let done = true;
        around(chunk, () => void (done = write.call(stream, chunk, ...rest)));
        return done;
      }) as typeof write;
      return () => void (stream.write = write);
    });
    return () => {
      for (const step of undo) step();
    };
  },
});
