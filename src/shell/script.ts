import {type Command, type Commands, commandText, toCommand, type Words} from './argv.ts';

/**
 * Joins several commands into one that stops at the first failure: one round trip to a host. Their secrets are read from
 * the standard input into the environment, until the last command that needs them.
 * @throws RangeError for no commands, and for commands with different secrets: one environment cannot serve both
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
    ...(index === last && index < commands.length - 1 ? [`unset ${Object.keys(secrets ?? {}).join(' ')}`] : []),
  ]);
  const script = commands.length === 1 ? lines.join('') : joined(['set -e', ...lines]);
  return {
    words: ['sh', '-c', secrets === undefined ? script : joined([takeSecrets(Object.keys(secrets)), script])],
    secretLines: secrets,
  };
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

/**
 * Reads a line of base64 into each variable. It fails when the connection ends before the last one. The letter keeps line
 * breaks at the end of a value, which a shell would drop.
 */
const takeSecrets = (names: readonly string[]): string =>
  [
    `take() { read -r entrypoint_value && entrypoint_value=$(printf %s "$entrypoint_value" | base64 -d && echo x) && export "$1=\${entrypoint_value%x}"; }`,
    `${names.map((name) => `take ${name}`).join(' && ')} || exit`,
    'unset entrypoint_value',
  ].join('; ');

// A here-document ends with a line of its own, so `; ` cannot follow it.
const joined = (lines: readonly string[]): string =>
  lines.join(lines.some((line) => line.includes('\n')) ? '\n' : '; ');

// The variables are in the environment of the shell.
function lineOf(given: Command, several: boolean): string {
  const command: Command = {...given, secrets: undefined};
  const text = shellText(command);
  return several && text !== commandText(command) ? `{ ${text}; }` : text;
}
