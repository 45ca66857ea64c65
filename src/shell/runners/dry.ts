import {
  type Command,
  type Commands,
  commandText,
  execText,
  type SecretReference,
  secretsText,
  toCommand,
  type Words,
  wordsText,
} from '../argv.ts';
import {secretsOf} from '../secrets.ts';
import type {Result, Runner, RunOptions, Scope} from '../types.ts';

const nothing: Result = {exitCode: 0, stdout: '', stderr: '', seconds: 0};

const retryFunction = `retry() {
  tries=$1; shift; n=1
  until "$@"; do code=$?; [ "$n" -lt "$tries" ] || return "$code"; sleep "$n"; n=$((n + 1)); done
}`;
const undoFunction = `undo=''
on_exit() { code=$?; trap - EXIT; for step in $undo; do "$step" || :; done; exit "$code"; }
trap on_exit EXIT; trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM`;

/**
 * The runner of --dry-run: runs only read-only commands, by `reader`, and prints everything else as a POSIX sh script that
 * does what the task does, retries and clean-up included. The script retries after any failure, the task only after a
 * transient one.
 * @example
 * const run = dryRunner((text) => process.stdout.write(text), reader);
 * await run(['docker', 'push', 'shop:1'], {retry: true}); // prints: retry 5 docker push shop:1
 */
export function dryRunner(print: (text: string) => void, reader: Runner): Runner {
  const printed = new Set<string>();
  let steps = 0;
  /** The clean-up functions registered at this point of the script, newest first. */
  let due: readonly string[] = [];
  const once = (text: string): void => {
    if (!printed.has(text)) print(`${text}\n`);
    printed.add(text);
  };
  once('#!/bin/sh\nset -eu');

  // In a scope, the script asks once for each secret from a command, and keeps it in a variable that is not exported.
  let scopes = 0;
  const kept = new Map<string, string>();
  const keep = (reference: SecretReference): SecretReference => {
    if (scopes === 0 || !('command' in reference)) return reference;
    const source = JSON.stringify(reference.command);
    const name = kept.get(source) ?? `entrypoint_secret_${(steps += 1)}`;
    if (!kept.has(source)) print(`${name}=$(${wordsText(reference.command)})\n`);
    kept.set(source, name);
    return {env: name};
  };
  const keepAll = (given: Words | Command): Command => {
    const {secrets, secretLines, secretInput, ...command} = toCommand(given);
    const each = (record: Readonly<Record<string, SecretReference>>): Record<string, SecretReference> =>
      Object.fromEntries(Object.entries(record).map(([name, reference]) => [name, keep(reference)]));
    return {
      ...command,
      ...(secrets === undefined ? {} : {secrets: each(secrets)}),
      ...(secretLines === undefined ? {} : {secretLines: each(secretLines)}),
      ...(secretInput === undefined ? {} : {secretInput: secretInput.map(keep)}),
    };
  };

  const runner = async (given: Words | Command, run: RunOptions = {}): Promise<Result> => {
    const command = keepAll(given);
    const text = allowing(timed(command, run.timeoutSeconds), run.allow);
    if (run.retry === undefined || run.retry === false) {
      print(`${text}\n`);
      return nothing;
    }
    once(retryFunction);
    const tries = (run.retry === true ? undefined : run.retry.attempts) ?? 5;
    // `retry` takes words: no variables and no pipe.
    if (text === wordsText(command.words)) print(`retry ${tries} ${text}\n`);
    else {
      const name = `attempt_${(steps += 1)}`;
      print(`${name}() {\n${text}\n}\nretry ${tries} ${name}\n`);
    }
    return nothing;
  };
  const make = (): Runner => {
    // A new function each time: Object.assign writes to its target.
    const made: Runner = Object.assign((command: Words | Command, run?: RunOptions) => runner(command, run), {
      read: (command: Words | Command, run: RunOptions = {}) => reader.read(command, run),
      scope: <T>(body: (scope: Scope) => Promise<T>) => scope(body),
      prefixed: make,
      step: <T>(_title: string, body: (run: Runner) => Promise<T>) => body(made),
      become: async (command: Words | Command) => print(`${execText(command)}\n`),
      readSecrets: async (commands: Commands) => {
        const secrets = commands.flatMap((command) => secretsOf(keepAll(command)));
        if (secrets.length > 0) print(`${secretsText(secrets)}\n`);
      },
      act: async (text: string) => void print(`${text}\n`),
    });
    return made;
  };

  const setDue = (names: readonly string[]): void => {
    if (names.length !== due.length) print(`undo='${names.join(' ')}'\n`);
    due = names;
  };

  // Each clean-up is a shell function; $undo holds the names of those registered, newest first.
  async function scope<T>(body: (scope: Scope) => Promise<T>): Promise<T> {
    const always: string[] = [];
    const onFailure: string[] = [];
    const define = (names: string[], text: string): void => {
      once(undoFunction);
      const name = `undo_${(steps += 1)}`;
      print(`${name}() {\n${text}\n}\n`);
      names.unshift(name);
      setDue([name, ...due]);
    };
    const add =
      (names: string[], guard: string) =>
      (...commands: Commands): void => {
        const texts = commands.map((command) => commandText(keepAll(command)));
        // `wait` with the jobs' ids: a repetition started by `every` is still running.
        define(
          names,
          `${guard}${texts.length === 1 ? texts[0] : `jobs=''\n${texts.map((text) => `${sideBySide(text)}\njobs="$jobs $!"`).join('\n')}\nwait $jobs`}`,
        );
      };
    // Ends with the script: `$$` is the script's pid in a subshell as well.
    const every = (seconds: number, commands: Commands): (() => Promise<void>) => {
      const name = `repeat_${(steps += 1)}`;
      const texts = commands.map((command) => `${sideBySide(commandText(keepAll(command)))}\n`).join('');
      print(`while sleep ${seconds} && kill -0 $$ 2>/dev/null; do\n${texts}wait\ndone >/dev/null 2>&1 &\n${name}=$!\n`);
      define(always, `kill "$${name}" 2>/dev/null || :`);
      return async () => print(`kill "$${name}" 2>/dev/null || :\n`);
    };
    scopes += 1;
    const result = await body({
      always: add(always, ''),
      onFailure: add(onFailure, '[ "$code" -ne 0 ] || return 0\n'),
      every,
      keep: () => setDue(due.filter((name) => !onFailure.includes(name))),
    }).finally(() => {
      scopes -= 1;
      if (scopes === 0) kept.clear();
    });
    for (const name of always) print(`${name} || :\n`);
    setDue(due.filter((name) => !always.includes(name) && !onFailure.includes(name)));
    return result;
  }
  return make();
}

// `timeout` takes words, kills the whole group and exits with 124: anything more than words goes through a shell.
function timed(command: Command, seconds: number | undefined): string {
  const text = commandText(command);
  if (seconds === undefined) return text;
  const words = text === wordsText(command.words) ? command.words : ['sh', '-c', text];
  const limited = wordsText(['timeout', '--kill-after=1', String(seconds), ...words]);
  // A shell of its own does not have the script's variables.
  const own = new Set(Array.from(text.matchAll(/"\$(entrypoint_secret_\d+)"/g), ([, name = '']) => name));
  return [...Array.from(own, (name) => `${name}="$${name}"`), limited].join(' ');
}

// A here-document ends with a line of its own, so ` &` cannot follow it.
const sideBySide = (text: string): string => (text.includes('\n') ? `{ ${text}\n} &` : `${text} &`);

// The subshell passes the code on: as the last command of `||`, it ends the script under `set -e`.
function allowing(text: string, allow: readonly number[] | undefined): string {
  if (allow === undefined || allow.length === 0) return text;
  const group = text.includes('\n') ? `{ ${text}\n}` : text;
  return `${group} || { code=$?; case "$code" in ${allow.join('|')}) ;; *) (exit "$code") ;; esac; }`;
}
