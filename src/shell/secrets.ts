import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {exitCode, isProblem, messageOf, problem} from '../errors.ts';
import type {Command, SecretReference, Words} from './argv.ts';
import {limiter} from './concurrency.ts';

/** The value of a secret, or why it has none, or why its value cannot be passed on. */
type Found = {readonly value: string} | {readonly missing: string} | {readonly unfit: string};

/** Values of secrets that have been read, so that no source is read twice and no prompt appears twice. */
export interface SecretMemory {
  /** What a source has: as remembered, or as `read` returns it. One source is read at a time: it can prompt. */
  recall(source: string, read: () => Promise<Found>): Promise<Found>;
  /** Remembers from now on, until the returned function is called; values are forgotten when nothing holds it open. */
  open(): () => void;
}

/** A memory that is not open yet: it reads every time. */
export function secretMemory(): SecretMemory {
  const values = new Map<string, Promise<Found>>();
  const alone = limiter(1);
  let holders = 0;
  return {
    recall(source, read) {
      const known = values.get(source);
      if (known !== undefined) return known;
      const found = alone(read);
      if (holders === 0) return found;
      values.set(source, found);
      // A mistyped passphrase can be typed again.
      const forget = (): void => void values.delete(source);
      found.then((one) => 'value' in one || forget(), forget);
      return found;
    },
    open() {
      holders += 1;
      return () => {
        holders -= 1;
        if (holders === 0) values.clear();
      };
    },
  };
}

export interface SecretWorld {
  /** Relative file names start here. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs a command; returns its exit code and standard output. */
  readonly capture: (words: Words) => Promise<{readonly code: number; readonly bytes: Uint8Array}>;
  readonly memory: SecretMemory;
}

/** A secret under the name by which messages call it. */
export type NamedSecret = readonly [name: string, reference: SecretReference];

/** The secrets of a command, from all of its parts. */
export function secretsOf({secrets = {}, secretLines: lines = {}, secretInput: texts = []}: Command): NamedSecret[] {
  return [...Object.entries(secrets), ...Object.entries(lines), ...texts.map(namedInput)];
}

const namedInput = (reference: SecretReference, index: number): NamedSecret => [
  `text ${index + 1} for its standard input`,
  reference,
];

/**
 * Reads the secrets of commands that will need them, all in one go.
 * @throws Problem `secret_missing`, `bad_secret`, which name every wrong one and never a value; what `checkInput` throws
 */
export async function readSecrets(commands: readonly Command[], world: SecretWorld): Promise<void> {
  const found = new Map<string, NamedSecret>();
  for (const secret of commands.flatMap(secretsOf)) found.set(JSON.stringify(secret), secret);
  const values = await valuesOf([...found.values()], world);
  const inEnvironment = commands.map(({secrets, secretLines: lines}) => new Set(Object.keys({...secrets, ...lines})));
  const problems = inEnvironment.flatMap((names) => oversized([...values].filter(([[name]]) => names.has(name))));
  if (problems.length > 0) throw unusable([], [...new Set(problems)]);
  // Several hosts get the same.
  const checks = new Map(
    commands.flatMap(({checkInput, secretInput: texts = []}) =>
      checkInput === undefined ? [] : [[JSON.stringify(texts), {checkInput, texts}] as const],
    ),
  );
  const valueOf = (secret: NamedSecret): string => values.get(found.get(JSON.stringify(secret)) ?? secret) ?? '';
  for (const {checkInput, texts} of checks.values())
    await checkInput(texts.map((one, at) => valueOf(namedInput(one, at))));
}

/**
 * Reads the values of a command's secrets, for the environment of that one process.
 * @throws Problem `secret_missing`, `bad_secret`, which name every wrong one and never a value
 */
export async function secretValues({secrets}: Command, world: SecretWorld): Promise<Record<string, string>> {
  if (secrets === undefined) return {};
  const values = [...(await valuesOf(Object.entries(secrets), world))];
  const problems = oversized(values);
  if (problems.length > 0) throw unusable([], problems);
  return Object.fromEntries(values.map(([[name], value]) => [name, value]));
}

/**
 * A line for a command's standard input for each value: in base64, so that line breaks stay part of the value.
 * @throws Problem as {@link secretValues}
 */
export async function secretLines(
  references: Readonly<Record<string, SecretReference>>,
  world: SecretWorld,
): Promise<string> {
  const values = await secretValues({words: [], secrets: references}, world);
  return Object.values(values)
    .map((value) => `${Buffer.from(value).toString('base64')}\n`)
    .join('');
}

/**
 * Texts for a command's standard input, each followed by a line break.
 * @throws Problem `secret_missing`, `bad_secret`
 */
export async function secretInput(references: readonly SecretReference[], world: SecretWorld): Promise<string> {
  const values = await valuesOf(references.map(namedInput), world);
  return [...values.values()].map((value) => `${value}\n`).join('');
}

async function valuesOf(secrets: readonly NamedSecret[], world: SecretWorld): Promise<Map<NamedSecret, string>> {
  const values = new Map<NamedSecret, string>();
  const [missing, unfit]: [string[], string[]] = [[], []];
  for (const secret of secrets) {
    const [name, reference] = secret;
    const found = await lookUp(reference, world);
    if ('value' in found) values.set(secret, found.value);
    else if ('missing' in found) missing.push(`${name}: ${found.missing}`);
    else unfit.push(`${name}: ${found.unfit}`);
  }
  if (missing.length + unfit.length > 0) throw unusable(missing, unfit);
  return values;
}

function unusable(missing: readonly string[], unfit: readonly string[]): Error {
  const details = [...missing, ...unfit];
  const subject = details.length === 1 ? 'a secret' : 'secrets';
  const verb = details.length === 1 ? 'is' : 'are';
  if (unfit.length === 0)
    return problem({
      code: 'secret_missing',
      what: `${subject} ${verb} missing`,
      details,
      fix: 'set the variable, fill the file or repair the command: deploy.yaml names the source of each secret. A value that is meant to be empty belongs in `environment`',
      exitCode: exitCode.badData,
    });
  return problem({
    code: 'bad_secret',
    what: `${subject} cannot be passed on${missing.length === 0 ? '' : `, or ${verb} missing`}`,
    details,
    fix: 'a secret is text of at most 128 KiB: encode what is binary (base64 FILE >FILE.txt) and decode it in the service',
    exitCode: exitCode.badData,
  });
}

async function lookUp(reference: SecretReference, {cwd, env, capture, memory}: SecretWorld): Promise<Found> {
  if ('env' in reference) {
    const value = env[reference.env];
    const source = `the environment variable ${reference.env}`;
    return value === undefined ? {missing: `${source} is not set`} : checked(value, source);
  }
  if ('file' in reference) {
    const path = resolve(cwd, reference.file);
    return memory.recall(path, async () => readSecretFile(path));
  }
  const [program = ''] = reference.command;
  return memory.recall(JSON.stringify([cwd, reference.command]), async () => {
    try {
      const {code, bytes} = await capture(reference.command);
      return code === 0 ? decoded(bytes, `the output of ${program}`) : {missing: `exit code ${code}: ${program}`};
    } catch (error) {
      if (isProblem(error) && error.code === 'interrupted') throw error;
      return {missing: messageOf(error)};
    }
  });
}

function readSecretFile(path: string): Found {
  try {
    return decoded(readFileSync(path), `the file ${path}`);
  } catch (error) {
    return {missing: `cannot read the file ${path} (${(error as NodeJS.ErrnoException).code ?? messageOf(error)})`};
  }
}

/** Bytes as text, without the line breaks at its end, as of $(...) in a shell. */
function decoded(bytes: Uint8Array, source: string): Found {
  let text: string;
  try {
    text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch {
    text = replacement;
  }
  let end = text.length;
  while (text[end - 1] === '\n') end -= 1;
  return checked(text.slice(0, end), source);
}

/** What decoders put in the place of what is not UTF-8: Node's of variables, and docker's client for all values. */
const replacement = '\uFFFD';

/** @param source what to call it in a message */
function checked(value: string, source: string): Found {
  if (value === '') return {missing: `${source} is empty`};
  if (value.includes('\0')) return {unfit: `${source} has a NUL, which no environment variable can hold`};
  if (value.includes(replacement)) return {unfit: `${source} is not text in UTF-8`};
  // An editor on Windows wrote it. Where every line ends in CR LF, as in a certificate, that is meant.
  if (value.endsWith('\r') && !value.includes('\n'))
    return {unfit: `${source} ends with a carriage return: save it with the line ending LF`};
  return {value};
}

/** Linux starts no program with a longer variable, `NAME=value` and its end included. */
const mostBytes = 128 * 1024;
/** All words and variables of a program together have 2 MiB. */
const mostBytesTogether = 1024 * 1024;

function oversized(values: readonly (readonly [NamedSecret, string])[]): string[] {
  const sizes = values.map(([[name], value]) => ({name, size: Buffer.byteLength(name) + Buffer.byteLength(value) + 2}));
  const sum = sizes.reduce((all, {size}) => all + size, 0);
  return [
    ...sizes
      .filter(({size}) => size > mostBytes)
      .map(({name, size}) => `${name}: ${size} bytes with its name; an environment variable can have ${mostBytes}`),
    ...(sum > mostBytesTogether
      ? [`${sizes.map(({name}) => name).join(', ')}: ${sum} bytes together; a container can have ${mostBytesTogether}`]
      : []),
  ];
}
