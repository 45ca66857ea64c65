import {spawn} from 'node:child_process';

// How the steps of a build speak: the command line first, `entrypoint: what` and `fix: how` last.

/** Why a build cannot go on, and what to do. */
export interface Refusal {
  readonly what: string;
  readonly fix: string;
  /** Lines of the failed program that show it. */
  readonly evidence?: readonly string[];
}

/** Prints the refusals and ends the process with exit code 65, bad data. */
export function refuse(refusals: readonly Refusal[]): never {
  for (const {what, fix, evidence = []} of refusals)
    process.stderr.write([`entrypoint: ${what}`, ...evidence.map((line) => `  ${line}`), `fix: ${fix}`, ''].join('\n'));
  process.exit(65);
}

export const say = (text: string): void => void process.stdout.write(`${text}\n`);
export const warn = (text: string): void => void process.stderr.write(`entrypoint: warning: ${text}\n`);

export interface Ended {
  readonly code: number;
  /** Both streams, in the order in which they came. */
  readonly output: string;
}

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Keeps the output, for a program whose last sixty lines are replaced by one. Default: it is shown as it comes. */
  readonly capture?: boolean;
}

/** Runs a program after printing its command line; a non-zero exit code is a result. */
export function run(words: readonly string[], {env, cwd, capture = false}: RunOptions): Promise<Ended> {
  say(
    `$ ${words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')}`,
  );
  const [program = '', ...rest] = words;
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      env,
      ...(cwd === undefined ? {} : {cwd}),
      stdio: ['ignore', capture ? 'pipe' : 'inherit', capture ? 'pipe' : 'inherit'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', (error) => resolve({code: 127, output: `${output}${error.message}\n`}));
    child.once('close', (code, signal) => resolve({code: code ?? (signal === null ? 1 : 137), output}));
  });
}
