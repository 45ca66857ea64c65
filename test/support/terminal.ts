import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import xterm from '@xterm/headless';
import {quote, wordsText} from '../../src/shell/argv.ts';
import {untilNothingThrows} from './until.ts';

// Commands on a real pseudo-terminal (`script` of util-linux), and what a terminal shows of their output (xterm.js).

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export const usualSize: Size = {columns: 80, rows: 24};

export interface OnTerminal {
  /** Everything that was written so far. */
  output(this: void): string;
  /** Waits until the output matches. */
  until(this: void, pattern: RegExp, seconds?: number): Promise<void>;
  /** Types keys: `\x03` is Ctrl-C. */
  type(this: void, keys: string): void;
  resize(this: void, size: Size): Promise<void>;
  readonly ended: Promise<Recording>;
}

export interface Recording {
  readonly code: number | null;
  readonly output: string;
  /** The sizes that the terminal got, each with how much had been written before. */
  readonly resized: readonly (Size & {readonly at: number})[];
  /** The longest time without output, in seconds, the start included. */
  readonly longestSilence: number;
}

export interface TerminalOptions {
  readonly cwd: string;
  /** Variables that decide what is shown: CI, TERM, NO_COLOR... Those of `env` are left out. Default: a usual terminal. */
  readonly shown?: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly size?: Size;
}

/** Starts a command on a pseudo-terminal. */
export function onTerminal(
  words: readonly string[],
  {cwd, env, shown = {}, size = usualSize}: TerminalOptions,
): OnTerminal {
  const directory = mkdtempSync(join(tmpdir(), 'terminal-'));
  const name = join(directory, 'tty');
  const text = `tty >${quote(name)}; stty cols ${size.columns} rows ${size.rows}; exec ${wordsText(words)}`;
  const child: ChildProcess = spawn('script', ['--quiet', '--flush', '--return', '--command', text, '/dev/null'], {
    cwd,
    // Of this process: where the tests run must not decide what they see.
    env: {
      ...env,
      CI: '',
      FORCE_COLOR: '',
      NO_COLOR: '',
      TERM: 'xterm-256color',
      LANG: 'C.UTF-8',
      SHELL: '/bin/sh',
      ...shown,
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  let [last, longestSilence] = [performance.now(), 0];
  const heard = (): void => {
    longestSilence = Math.max(longestSilence, (performance.now() - last) / 1000);
    last = performance.now();
  };
  child.stdout?.on('data', (chunk: Buffer) => {
    heard();
    chunks.push(chunk);
  });
  const resized: (Size & {at: number})[] = [];
  const output = (): string => Buffer.concat(chunks).toString();
  const ended = new Promise<Recording>((resolve) =>
    child.once('close', (code) => {
      heard();
      rmSync(directory, {recursive: true, force: true});
      resolve({code, output: output(), resized, longestSilence});
    }),
  );
  return {
    output,
    until: (wanted, seconds = 20) =>
      untilNothingThrows(seconds, () => {
        if (!wanted.test(output())) throw new Error(`no ${wanted.source} in:\n${output().slice(-2000)}`);
      }),
    type: (keys) => void child.stdin?.write(keys),
    resize: async ({columns, rows}) => {
      const tty = readFileSync(name, 'utf8').trim();
      resized.push({columns, rows, at: output().length});
      execFileSync('stty', ['-F', tty, 'cols', String(columns), 'rows', String(rows)]);
    },
    ended,
  };
}

/** What a terminal shows after this output, scrolled lines included; a line that it wrapped is one. */
export async function screenOf(
  output: string,
  {columns, rows}: Size = usualSize,
  resized: Recording['resized'] = [],
): Promise<string[]> {
  const terminal = new xterm.Terminal({cols: columns, rows, scrollback: 100_000, allowProposedApi: true});
  let from = 0;
  for (const {at, ...size} of [...resized, {at: output.length, columns: 0, rows: 0}]) {
    await new Promise<void>((resolve) => void terminal.write(output.slice(from, at), resolve));
    if (size.columns > 0) terminal.resize(size.columns, size.rows);
    from = at;
  }
  const {active} = terminal.buffer;
  const lines: string[] = [];
  for (let at = 0; at < active.length; at += 1) {
    const line = active.getLine(at);
    const text = line?.translateToString(true) ?? '';
    if (line?.isWrapped === true) lines.push((lines.pop() ?? '') + text);
    else lines.push(text);
  }
  terminal.dispose();
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

/** A screen without what differs between two runs: durations, ids, sizes and the names that are given. */
export function normalised(lines: readonly string[], names: Readonly<Record<string, string>> = {}): string {
  const replaced = lines.map((line) => {
    const text = Object.entries(names).reduce((all, [from, to]) => all.replaceAll(from, to), line);
    return text
      .replaceAll(/(?<=^[✓✗-] ) *[\dhms. ]*\d ?[sm]/g, '    N s')
      .replaceAll(/(# exit \d+, )\d+\.\d s/g, '$1N s')
      .replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:DIGEST')
      .replaceAll(/\b[0-9a-f]{12,}\b(?!-dirty)/g, 'ID')
      .replaceAll(/…(?:\d+(?:\.\d)? kB|\d{3} B)/g, '…SIZE')
      .replaceAll(/\d+\.\d MB/g, 'N MB')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
      .replaceAll(/Up .*?\s+(?=L\d|- |-$)/g, 'Up N seconds  ');
  });
  return `${replaced.join('\n')}\n`;
}
