import {type Command, type Commands, commandText, quote, toCommand, type Words, wordsText} from './argv.ts';

/**
 * Several commands as one, which ends at the first that fails: one round trip on a host. Where they have secrets, these
 * are read from the standard input into a file for its owner alone, which is there until the last that needs it has ended.
 * @throws RangeError where two of them have different secrets: one file cannot serve both
 */
export function together(given: Commands): Command {
  const commands = given.map(toCommand);
  const [first] = commands;
  if (first === undefined) throw new RangeError('a script has at least one command');
  const secretive = commands.filter(({secrets}) => Object.keys(secrets ?? {}).length > 0);
  if (commands.length === 1 && secretive.length === 0) return first;
  const [{secrets = undefined} = {}] = secretive;
  if (secretive.some((one) => JSON.stringify(one.secrets) !== JSON.stringify(secrets)))
    throw new RangeError('commands with different secrets cannot be one script');
  const last = commands.findLastIndex((one) => secretive.includes(one));
  const lines = commands.flatMap((one, index) => [
    lineOf(one, commands.length > 1),
    ...(index === last && index < commands.length - 1 ? ['rm -f "$f"'] : []),
  ]);
  const script = commands.length === 1 ? lines.join('') : joined(['set -e', ...lines]);
  return {words: ['sh', '-c', secrets === undefined ? script : joined([secretFile, script])], secretLines: secrets};
}

/** The same for what puts things back: every command is tried, whatever becomes of the one before it. */
export function eachOf(given: Commands): Command {
  const [first] = given;
  if (first !== undefined && given.length === 1) return toCommand(first);
  const lines = given.map((one) => {
    const text = shellText(one);
    return text.includes('\n') ? `{ ${text}\n} || r=$?` : `{ ${text}; } || r=$?`;
  });
  return {words: ['sh', '-c', joined(['r=0', ...lines, 'exit "$r"'])]};
}

/** Text that a POSIX shell runs: what `sh -c` has as its word, without the second shell; else the command itself. */
export function shellText(command: Words | Command): string {
  const {words, ...rest} = toCommand(command);
  const [program, flag, text] = words;
  return program === 'sh' && flag === '-c' && text !== undefined && words.length === 3
    ? text
    : commandText({words, ...rest});
}

// docker's client reads it at once; it goes when the shell ends.
const secretFile = `umask 077; f=$(mktemp) || exit; trap 'rm -f "$f"' EXIT; cat >"$f"`;

// A here-document ends with a line of its own.
const joined = (lines: readonly string[]): string =>
  lines.join(lines.some((line) => line.includes('\n')) ? '\n' : '; ');

function lineOf({secrets, ...command}: Command, several: boolean): string {
  const names = Object.keys(secrets ?? {});
  if (names.length > 0) return withSecretFile(command.words, names);
  const text = shellText(command);
  return several && text !== commandText(command) ? `{ ${text}; }` : text;
}

function withSecretFile(words: Words, names: readonly string[]): string {
  const rest = words.filter(
    (word, index) =>
      !(word === '--env' && names.includes(words[index + 1] ?? '')) &&
      !(words[index - 1] === '--env' && names.includes(word)),
  );
  const [docker = '', verb = '', ...others] = rest;
  return `${wordsText([docker, verb])} --env-file "$f" ${others.map(quote).join(' ')}`;
}
