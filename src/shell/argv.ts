/** A command as the kernel receives it: one string per word, never shell text. */
export type Words = readonly string[];

/** The source of a secret's value. The value itself is never part of a command or a printed line. */
export type SecretReference = {readonly env: string} | {readonly file: string} | {readonly command: Words};

/** A command with its surroundings: standard input, environment, directory. */
export interface Command {
  readonly words: Words;
  /** Text for its standard input. Printed, so never a secret. */
  readonly stdin?: string | undefined;
  /** Variables added to its environment. Printed, so never a secret. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Variables added to its environment by reference: printed as the reference, not as the value. */
  readonly secrets?: Readonly<Record<string, SecretReference>> | undefined;
  /** Values for its standard input, each in base64 on a line of its own, by reference: printed as the references. */
  readonly secretLines?: Readonly<Record<string, SecretReference>> | undefined;
  /** Texts for its standard input, one after the other, by reference: printed as the references, not as the values. */
  readonly secretInput?: readonly SecretReference[] | undefined;
  /** Refuses the texts of `secretInput`, as soon as they are read. Not part of the text. */
  readonly checkInput?: ((texts: readonly string[]) => Promise<void>) | undefined;
  /** Directory to run in. Default: the runner's. */
  readonly cwd?: string | undefined;
  /**
   * The other machine that the command works on, for a program that connects to one. Exit code 255 then means that the
   * connection failed. Not part of the text.
   */
  readonly host?: string | undefined;
  /** What it does, for people: `undo: start shop.prod.7.1`. Not part of the text. */
  readonly title?: string | undefined;
}

/** Commands in the order they run. */
export type Commands = readonly (Words | Command)[];

// `~` is absent and `=` cannot come first: every shell expands a leading `~`, and zsh a leading `=`.
const plainWord = /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/;

/**
 * Quotes one word for a POSIX shell, which reads the text back as exactly that word.
 * Single quotes protect everything but the single quote itself (POSIX 2.2.2).
 * @throws RangeError for a NUL, which no word can hold
 * @example
 * quote("it's"); // 'it'\''s'
 */
export function quote(word: string): string {
  if (word.includes('\0')) throw new RangeError('a word of a command cannot hold a NUL character');
  return plainWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Words as POSIX shell text.
 * @throws RangeError for a word with a NUL
 * @example
 * wordsText(['git', 'commit', '--message', 'first try']); // git commit --message 'first try'
 */
export function wordsText(words: Words): string {
  return words.map((word, index) => (index === 0 ? quoteProgram(word) : quote(word))).join(' ');
}

// `A=b` as the first word would be an assignment and `if` a keyword: quotes make both a plain command name.
function quoteProgram(word: string): string {
  const text = quote(word);
  return text === word && (word.includes('=') || reserved.has(word)) ? `'${word}'` : text;
}

const reserved = new Set(
  'case do done elif else esac fi for function if in select then until while time coproc'.split(' '),
);

/**
 * A command as shell text that can be pasted: with its directory, variables, standard input and references to secrets.
 * @throws RangeError for a word with a NUL, and for a variable that a shell cannot name
 * @example
 * commandText({words: ['node', 'seed.ts'], env: {ROWS: '5'}, cwd: 'scripts'}); // (cd ./scripts && ROWS=5 node seed.ts)
 */
export function commandText(command: Words | Command): string {
  const {words, stdin, cwd, secretLines, secretInput} = toCommand(command);
  const line = [...variablesText(toCommand(command)), wordsText(words)].join(' ');
  const secret =
    secretLines !== undefined
      ? secretLinesText(secretLines)
      : secretInput !== undefined
        ? secretInputText(secretInput)
        : undefined;
  const fed = secret !== undefined ? `${secret} | ${line}` : stdin === undefined ? line : fedText(line, stdin);
  return cwd === undefined ? fed : `(${directoryText(cwd)} && ${fed}${fed.includes('\n') ? '\n' : ''})`;
}

/**
 * The same for a command that replaces the shell, one line per step: `exec` takes no variables before it.
 * @example
 * execText({words: ['node', 'server.js'], env: {PORT: '80'}}); // export PORT=80\nexec node server.js
 */
export function execText(command: Words | Command): string {
  const {words, cwd} = toCommand(command);
  const exports = variablesText(toCommand(command)).map((text) => `export ${text}`);
  return [...(cwd === undefined ? [] : [directoryText(cwd)]), ...exports, `exec ${wordsText(words)}`].join('\n');
}

// Secrets first: a shell assigns from left to right, and a reference means the outer value of the variable.
function variablesText({env, secrets}: Command): readonly string[] {
  return [
    ...Object.entries(secrets ?? {}).flatMap(([name, reference]) => secretText(variable(name), reference)),
    ...Object.entries(env ?? {}).map(([name, value]) => `${variable(name)}=${quote(value)}`),
  ];
}

function variable(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new RangeError(`${name} cannot be the name of an environment variable`);
}

// `./` keeps `cd` from reading `-` as the last directory and from searching CDPATH.
function directoryText(directory: string): string {
  return `cd ${quote(/^\.{0,2}\//.test(directory) ? directory : `./${directory}`)}`;
}

function fedText(line: string, stdin: string): string {
  // A here-document always ends with a line break; a pipe carries any text.
  if (!stdin.endsWith('\n') || stdin.includes('\0') || !stdin.slice(0, -1).includes('\n'))
    return `printf %s ${quote(stdin)} | ${line}`;
  const end = hereDocumentEnd(stdin.split('\n'));
  return `${line} <<'${end}'\n${stdin}${end}`;
}

function hereDocumentEnd(lines: readonly string[], end = 'END'): string {
  return lines.includes(end) ? hereDocumentEnd(lines, `${end}_`) : end;
}

function secretText(name: string, reference: SecretReference): readonly string[] {
  return 'env' in reference && reference.env === name ? [] : [`${name}=${referenceText(reference)}`];
}

function referenceText(reference: SecretReference): string {
  if ('env' in reference) return `"$${reference.env}"`;
  return 'file' in reference ? `"$(cat ${quote(reference.file)})"` : `"$(${wordsText(reference.command)})"`;
}

// printf is a shell builtin: its words never become a process's argv, which other users could read.
function secretLinesText(lines: Readonly<Record<string, SecretReference>>): string {
  return `{ ${Object.values(lines)
    .map((reference) => `printf %s ${referenceText(reference)} | base64 | tr -d '\\n'; echo;`)
    .join(' ')} }`;
}

function secretInputText(references: readonly SecretReference[]): string {
  return `{ ${references.map((reference) => `printf '%s\\n' ${referenceText(reference)};`).join(' ')} }`;
}

/**
 * Shell text that reads secrets, one check a line, for `set -e`: none may be missing, and no file binary, since a shell
 * drops a NUL without a word.
 * @example
 * secretsText([['TOKEN', {env: 'SHOP_TOKEN'}]]); // : "${SHOP_TOKEN:?}"
 */
export function secretsText(secrets: readonly (readonly [name: string, SecretReference])[]): string {
  const texts = secrets.map(([, reference]) =>
    'env' in reference ? `"\${${variable(reference.env)}:?}"` : 'command' in reference ? referenceText(reference) : '',
  );
  const files = secrets.flatMap(([, reference]) => ('file' in reference ? [quote(reference.file)] : []));
  const read = [...new Set(texts)].filter((text) => text !== '');
  return [
    ...(read.length === 0 ? [] : [`: ${read.join(' ')}`]),
    ...[...new Set(files)].flatMap((file) => [`test -s ${file}`, `test "$(tr -cd '\\000' <${file} | wc -c)" -eq 0`]),
  ].join('\n');
}

/**
 * The same command with a title: what a terminal shows of it.
 * @example
 * await context.run(titled(['node', 'scripts/load.ts'], 'load the products'), {capture: true});
 */
export const titled = (command: Words | Command, title: string): Command => ({...toCommand(command), title});

/** Words alone as a command. */
export function toCommand(command: Words | Command): Command {
  return 'words' in command ? command : {words: command};
}

/**
 * Splits a text into words as a shell does, without expansions: for a variable that holds words.
 * @returns undefined for an unterminated quote
 */
export function splitWords(text: string): Words | undefined {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const [word] = /^(?:[^\s'"\\]|\\[^]|'[^']*'|"(?:[^"\\]|\\[^])*")+(?=\s|$)/.exec(rest) ?? [];
    if (word === undefined) return undefined;
    words.push(
      word.replaceAll(
        /\\([^])|'([^']*)'|"((?:[^"\\]|\\[^])*)"/g,
        (_, escaped?: string, single?: string, double?: string) =>
          escaped ?? single ?? (double ?? '').replaceAll(/\\(["\\$`])/g, '$1'),
      ),
    );
    rest = rest.slice(word.length).trimStart();
  }
  return words;
}
