/** The runner's reports, on the standard error. The standard output is for results. */
export interface Echo {
  /** Also print read-only commands. */
  readonly reads: boolean;
  command(text: string, prefix?: string): void;
  ended(code: number, seconds: number, prefix?: string): void;
  note(text: string, prefix?: string): void;
}

export interface EchoOptions {
  readonly write: (text: string) => void;
  readonly level: 'quiet' | 'normal' | 'verbose';
  readonly colour: boolean;
}

/**
 * Prints `$ command`, then `# exit 0, 1.2 s`: both can be pasted into a shell.
 * @param options `level`: `quiet` prints nothing, `verbose` also read-only commands
 * @example
 * const echo = makeEcho({write: (text) => process.stderr.write(text), level: 'normal', colour: false});
 */
export function makeEcho({write, level, colour}: EchoOptions): Echo {
  const style = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const say = (text: string, prefix: string | undefined): void => {
    if (level !== 'quiet') write(prefix === undefined ? `${text}\n` : text.replaceAll(/^/gm, `${prefix} | `) + '\n');
  };
  return {
    reads: level === 'verbose',
    command: (text, prefix) => say(style(1, `$ ${text}`), prefix),
    ended: (code, seconds, prefix) =>
      say(style(code === 0 ? 2 : 31, `# exit ${code}, ${seconds.toFixed(1)} s`), prefix),
    note: (text, prefix) => say(style(2, `# ${text}`), prefix),
  };
}

/** An echo that prints nothing. */
export const noEcho: Echo = {reads: false, command: () => {}, ended: () => {}, note: () => {}};

/** Writes `name | ` before each line of a stream. A chunk can end in the middle of a line or of a character. */
export function linePrefixer(
  name: string,
  write: (text: string) => void,
): {write: (chunk: Uint8Array | string) => void; end: () => void} {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    write(chunk) {
      const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, {stream: true}))).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) write(lines.map((line) => `${name} | ${line}\n`).join(''));
    },
    end() {
      rest += decoder.decode();
      if (rest !== '') write(`${name} | ${rest}\n`);
      rest = '';
    },
  };
}
