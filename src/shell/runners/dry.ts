import {type Command, type Commands, commandText, execText, toCommand, type Words, wordsText} from '../argv.ts';
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
  /** The clean-up functions that are due at this point of the script, newest first. */
  let due: readonly string[] = [];
  const once = (text: string): void => {
    if (!printed.has(text)) print(`${text}\n`);
    printed.add(text);
  };
  once('#!/bin/sh\nset -eu');

  const runner = async (given: Words | Command, run: RunOptions = {}): Promise<Result> => {
    const command = toCommand(given);
    const text = allowing(timed(command, run.timeoutSeconds), run.allow);
    if (run.retry === undefined || run.retry === false) {
      print(`${text}\n`);
      return nothing;
    }
    once(retryFunction);
    const tries = (run.retry === true ? undefined : run.retry.attempts) ?? 5;
    // `retry` takes words: neither variables before it nor a pipe in front of it.
    if (text === wordsText(command.words)) print(`retry ${tries} ${text}\n`);
    else {
      const name = `attempt_${(steps += 1)}`;
      print(`${name}() {\n${text}\n}\nretry ${tries} ${name}\n`);
    }
    return nothing;
  };
  const make = (): Runner =>
    // A new function each time: Object.assign writes to its target.
    Object.assign((command: Words | Command, run?: RunOptions) => runner(command, run), {
      read: (command: Words | Command, run: RunOptions = {}) => reader.read(command, run),
      scope: <T>(body: (scope: Scope) => Promise<T>) => scope(body),
      prefixed: make,
      become: async (command: Words | Command) => print(`${execText(command)}\n`),
      act: async (text: string) => void print(`${text}\n`),
    });

  const setDue = (names: readonly string[]): void => {
    if (names.length !== due.length) print(`undo='${names.join(' ')}'\n`);
    due = names;
  };

  // Each clean-up is a shell function; $undo holds the names of those that are due, newest first.
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
        const texts = commands.map(commandText);
        // Only for these: a repetition ends later.
        define(
          names,
          `${guard}${texts.length === 1 ? texts[0] : `jobs=''\n${texts.map((text) => `${sideBySide(text)}\njobs="$jobs $!"`).join('\n')}\nwait $jobs`}`,
        );
      };
    // Ends with the script, however that ends: `$$` is the script in a sub-shell, too.
    const every = (seconds: number, commands: Commands): (() => Promise<void>) => {
      const name = `repeat_${(steps += 1)}`;
      const texts = commands.map((command) => `${sideBySide(commandText(command))}\n`).join('');
      print(`while sleep ${seconds} && kill -0 $$ 2>/dev/null; do\n${texts}wait\ndone >/dev/null 2>&1 &\n${name}=$!\n`);
      define(always, `kill "$${name}" 2>/dev/null || :`);
      return async () => print(`kill "$${name}" 2>/dev/null || :\n`);
    };
    const result = await body({
      always: add(always, ''),
      onFailure: add(onFailure, '[ "$code" -ne 0 ] || return 0\n'),
      every,
      keep: () => setDue(due.filter((name) => !onFailure.includes(name))),
    });
    for (const name of always) print(`${name} || :\n`);
    setDue(due.filter((name) => !always.includes(name) && !onFailure.includes(name)));
    return result;
  }
  return make();
}

// `timeout` takes words and ends the whole group, with exit code 124: what is more than words goes through a shell.
function timed(command: Command, seconds: number | undefined): string {
  const text = commandText(command);
  if (seconds === undefined) return text;
  const words = text === wordsText(command.words) ? command.words : ['sh', '-c', text];
  return wordsText(['timeout', '--kill-after=1', String(seconds), ...words]);
}

// A here-document ends with a line of its own.
const sideBySide = (text: string): string => (text.includes('\n') ? `{ ${text}\n} &` : `${text} &`);

// The sub-shell hands the code on: as the last word of `||`, it ends the script under `set -e`.
function allowing(text: string, allow: readonly number[] | undefined): string {
  if (allow === undefined || allow.length === 0) return text;
  const group = text.includes('\n') ? `{ ${text}\n}` : text;
  return `${group} || { code=$?; case "$code" in ${allow.join('|')}) ;; *) (exit "$code") ;; esac; }`;
}
