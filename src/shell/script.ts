import {type Command, type Commands, commandText, quote, toCommand, type Words, wordsText} from './argv.ts';

/**
 * Joins several commands into one that stops at the first failure: one round trip to a host. Their secrets are read from
 * the standard input into a file of mode 0600, which is removed after the last command that needs it.
 * @throws RangeError for no commands, and for commands with different secrets: one file cannot serve both
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

/** Joins several commands into one that runs all of them, and fails when any failed: for clean-up. */
export function eachOf(given: Commands): Command {
  const [first] = given;
  if (first !== undefined && given.length === 1) return toCommand(first);
  const lines = given.map((one) => {
    const text = shellText(one);
    return text.includes('\n') ? `{ ${text}\n} || r=$?` : `{ ${text}; } || r=$?`;
  });
  return {words: ['sh', '-c', joined(['r=0', ...lines, 'exit "$r"'])]};
}

/** A command as text for a POSIX shell. The script of `sh -c` needs no second shell. */
export function shellText(command: Words | Command): string {
  const {words, ...rest} = toCommand(command);
  const [program, flag, text] = words;
  return program === 'sh' && flag === '-c' && text !== undefined && words.length === 3
    ? text
    : commandText({words, ...rest});
}

// The docker client reads the file before it returns. A client in a snap has a /tmp of its own, and reads files in the home
// directory whose names do not begin with a dot.
const secretFile = `umask 077; f=$(mktemp ~/entrypoint-XXXXXX 2>/dev/null || mktemp) || exit; trap 'rm -f "$f"' EXIT; cat >"$f"`;

// A here-document ends with a line of its own, so `; ` cannot follow it.
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
