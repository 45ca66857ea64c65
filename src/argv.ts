/** A command as the kernel gets it: one string a word, never shell text. */
export type Words = readonly string[];

/** Where a secret's value comes from. The value itself is never part of a command or a printed line. */
export type SecretReference =
  | {readonly env: string}
  | {readonly file: string}
  | {readonly command: Words};

/** A command with what surrounds it. */
export interface Command {
  readonly words: Words;
  /** Text for its standard input. Printed, so never a secret. */
  readonly stdin?: string | undefined;
  /** Variables added to its environment. Printed, so never a secret. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Variables added to its environment by reference: printed as the reference, not as the value. */
  readonly secrets?: Readonly<Record<string, SecretReference>> | undefined;
  /** Folder to run in. Default: the runner's. */
  readonly cwd?: string | undefined;
}

// `=`, `~` and a leading `-` are left out or handled apart: zsh expands a leading `=`, every shell a leading `~`.
const plainWord = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/;

/**
 * One word as POSIX shell text that gives back exactly that word.
 * Single quotes protect everything but the single quote itself (POSIX 2.2.2).
 * @throws RangeError for a NUL, which no word can hold
 */
export function quote(word: string): string {
  if (word.includes('\0')) throw new RangeError('a word of a command cannot hold a NUL character');
  return plainWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A word list as one line of POSIX shell text. */
export function wordsText(words: Words): string {
  return words.map((word, index) => (index === 0 ? quoteProgram(word) : quote(word))).join(' ');
}

// `A=b` as the first word would be an assignment, and `if` a keyword: quotes make both a plain command name.
function quoteProgram(word: string): string {
  return word.includes('=') || reserved.has(word) ? `'${word.replaceAll("'", `'\\''`)}'` : quote(word);
}

const reserved = new Set(
  'case do done elif else esac fi for function if in select then until while time coproc'.split(' '),
);

/** A command as shell text that can be pasted: with its folder, variables and standard input. */
export function commandText(command: Words | Command): string {
  const {words, stdin, env, secrets, cwd} = toCommand(command);
  const variables = [
    ...Object.entries(env ?? {}).map(([name, value]) => `${name}=${quote(value)}`),
    ...Object.entries(secrets ?? {}).flatMap(([name, reference]) => secretText(name, reference)),
  ];
  const line = [...variables, wordsText(words)].join(' ');
  const fed = stdin === undefined ? line : fedText(line, stdin);
  if (cwd === undefined) return fed;
  return `(cd ${quote(cwd)} && ${fed}${fed.includes('\n') ? '\n' : ''})`;
}

function fedText(line: string, stdin: string): string {
  if (!stdin.endsWith('\n') || !stdin.slice(0, -1).includes('\n')) return `printf %s ${quote(stdin)} | ${line}`;
  const end = hereDocumentEnd(stdin.split('\n'));
  return `${line} <<'${end}'\n${stdin}${end}`;
}

function hereDocumentEnd(lines: readonly string[], end = 'END'): string {
  return lines.includes(end) ? hereDocumentEnd(lines, `${end}_`) : end;
}

function secretText(name: string, reference: SecretReference): readonly string[] {
  if ('env' in reference) return reference.env === name ? [] : [`${name}="$${reference.env}"`];
  if ('file' in reference) return [`${name}="$(cat ${quote(reference.file)})"`];
  return [`${name}="$(${wordsText(reference.command)})"`];
}

export function toCommand(command: Words | Command): Command {
  return 'words' in command ? command : {words: command};
}
