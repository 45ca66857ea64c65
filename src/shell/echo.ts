/** What the echo learns of a command besides its text. */
export interface Announcement {
  /** Of concurrent work: `h1`. */
  readonly prefix?: string | undefined;
  /** The machine that it works on, if not this one. */
  readonly host?: string | undefined;
  /** What it does, for people. */
  readonly title?: string | undefined;
  /** The step that it is a part of. Default: none. */
  readonly step?: StepEcho | undefined;
  /**
   * `read`: a read-only command. `background`: repeated beside the work. `act`: no process of its own. `become`: replaces
   * this process. Default `command`.
   */
  readonly kind?: 'command' | 'read' | 'background' | 'act' | 'become' | undefined;
  /**
   * Where its output goes. `direct`: to the terminal, past the echo. `lines`: to the terminal, line by line. `folded`: to
   * the echo. Default: nowhere.
   */
  readonly output?: 'direct' | 'lines' | 'folded' | undefined;
  /** Reads steps out of folded output. */
  readonly fold?: FoldedOutput | undefined;
}

/** How a command ended. */
export interface Outcome {
  /** `stopped`: by an interrupt. */
  readonly state: 'done' | 'failed' | 'stopped';
  /** Default: no process has run. */
  readonly code?: number | undefined;
  readonly seconds: number;
  /** The end of its captured standard error. */
  readonly stderr?: string | undefined;
}

/** A command that was announced. */
export interface CommandEcho {
  /** Takes folded output. */
  output(chunk: Uint8Array): void;
  ended(outcome: Outcome): void;
}

/** A named step, of one command or several. */
export interface StepEcho {
  ended(outcome: Outcome): void;
}

/** A step within the output of a program, such as one of a Dockerfile. */
export interface FoldedStep {
  readonly title: string;
  readonly state: 'done' | 'cached' | 'failed';
  readonly seconds: number;
  /** Lines of its output that stay: warnings. */
  readonly warnings?: readonly string[] | undefined;
}

/** A line of a program's output that stays, although the rest is folded. */
export interface FoldedWarning {
  readonly warning: string;
}

/** What a line of a program's output means: a step that has ended, a warning, a text for the running step, or nothing. */
export type FoldedLine = FoldedStep | FoldedWarning | string | undefined;

/** Reads the lines of a program's output. */
export type FoldedOutput = () => (line: string) => FoldedLine;

/** The runner's reports, on the standard error. The standard output is for results. */
export interface Echo {
  /** Whether it takes folded output. Otherwise, programs write to the terminal themselves. */
  readonly folds: boolean;
  /** Reports a command that begins. */
  command(text: string, what?: Announcement): CommandEcho;
  /** Reports a step that begins. */
  step(title: string, host?: string): StepEcho;
  note(text: string, prefix?: string): void;
  /** A command as a part of a failure message. */
  brief(text: string): string;
  /** Keeps the terminal free for a program that asks something, until the returned function is called. */
  hold(): () => void;
}

export interface EchoOptions {
  readonly write: (text: string) => void;
  readonly level: 'quiet' | 'normal' | 'verbose';
  readonly colour: boolean;
  /** Print commands. Default true. */
  readonly commands?: boolean | undefined;
}

const silentCommand: CommandEcho = {output: () => {}, ended: () => {}};
const silentStep: StepEcho = {ended: () => {}};

/**
 * Prints `$ command`, then `# exit 0, 1.2 s`: both can be pasted into a shell.
 * @param options `level`: `quiet` prints nothing, `verbose` also read-only commands
 * @example
 * const echo = makeEcho({write: (text) => process.stderr.write(text), level: 'normal', colour: false});
 */
export function makeEcho({write, level, colour, commands = true}: EchoOptions): Echo {
  const style = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const say = (text: string, prefix: string | undefined): void => {
    if (level !== 'quiet') write(prefix === undefined ? `${text}\n` : text.replaceAll(/^/gm, `${prefix} | `) + '\n');
  };
  return {
    ...noEcho,
    command(text, {prefix, kind} = {}) {
      if (!commands || (kind === 'read' && level !== 'verbose')) return silentCommand;
      say(style(1, `$ ${text}`), prefix);
      return {
        output: () => {},
        ended: ({code, seconds}) => {
          if (code !== undefined) say(style(code === 0 ? 2 : 31, `# exit ${code}, ${seconds.toFixed(1)} s`), prefix);
        },
      };
    },
    note: (text, prefix) => say(style(2, `# ${text}`), prefix),
  };
}

/** An echo that prints nothing. */
export const noEcho: Echo = {
  folds: false,
  command: () => silentCommand,
  step: () => silentStep,
  note: () => {},
  brief: withoutLines,
  hold: () => () => {},
};

/** Shortens a command of many lines, such as one with a file on its standard input: the echo shows all of it. */
function withoutLines(text: string): string {
  const [first = '', ...others] = text.split('\n');
  return others.length < 3 ? text : `${first} ... (and ${others.length} more lines, above)`;
}

/** Passes output on line by line, each with a prefix. */
export function linePrefixer(name: string, write: (text: string) => void): LineWriter {
  return lineSplitter(
    (line) => write(`${name} | ${line}\n`),
    (lines) => write(lines.map((line) => `${name} | ${line}\n`).join('')),
  );
}

/** Takes output as it comes. */
export interface LineWriter {
  readonly write: (chunk: Uint8Array | string) => void;
  /** A last line without its end. */
  readonly end: () => void;
}

/** Splits output into lines. @param several takes those of one chunk. Default: one after the other */
export function lineSplitter(
  take: (line: string) => void,
  several: (lines: readonly string[]) => void = (lines) => lines.forEach((line) => take(line)),
): LineWriter {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    write(chunk) {
      const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, {stream: true}))).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) several(lines);
    },
    end() {
      rest += decoder.decode();
      if (rest !== '') take(rest);
      rest = '';
    },
  };
}
