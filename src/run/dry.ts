import {commandText, toCommand} from '../argv.ts';
import type {Command, Words} from '../argv.ts';
import type {Result, Runner, RunOptions, Scope} from './types.ts';

const nothing: Result = {exitCode: 0, stdout: '', stderr: '', seconds: 0};

const retryFunction = `retry() { n=1; until "$@"; do [ "$n" -lt 5 ] || return 1; sleep "$n"; n=$((n + 1)); done; }`;
const undoFunction = `undo=''
on_exit() { code=$?; trap - EXIT; for step in $undo; do "$step" || :; done; exit "$code"; }
trap on_exit EXIT; trap 'exit 130' INT; trap 'exit 143' TERM`;

/**
 * The runner of --dry-run: carries out only what looks (`reader`), and prints everything else as a POSIX sh
 * script that does what the task does, its retries and its clean-up included.
 */
export function dryRunner(print: (text: string) => void, reader: Runner): Runner {
  const printed = new Set<string>();
  let steps = 0;
  let open: readonly string[] = [];
  const once = (text: string): void => {
    if (!printed.has(text)) print(`${text}\n`);
    printed.add(text);
  };
  once('#!/bin/sh\nset -eu');

  const runner = async (command: Words | Command, run: RunOptions = {}): Promise<Result> => {
    if (run.retry !== undefined && run.retry !== false && isSimple(toCommand(command))) {
      once(retryFunction);
      print(`retry ${commandText(command)}\n`);
    } else print(`${allowing(commandText(command), run.allow)}\n`);
    return nothing;
  };
  const make = (): Runner =>
    // A new function each time: Object.assign writes to its target.
    Object.assign((command: Words | Command, run?: RunOptions) => runner(command, run), {
      read: (command: Words | Command, run: RunOptions = {}) => reader.read(command, run),
      scope: <T>(body: (scope: Scope) => Promise<T>) => scope(body),
      prefixed: make,
      become: async (command: Words | Command) => print(`exec ${commandText(command)}\n`),
      act: async (text: string) => void print(`${text}\n`),
    });

  // Each clean-up is a shell function; $undo holds the names of those that are due, newest first.
  async function scope<T>(body: (scope: Scope) => Promise<T>): Promise<T> {
    const outer = open;
    const always: string[] = [];
    const add = (guard: string, always_: boolean) => (command: Words | Command): void => {
      once(undoFunction);
      const name = `undo_${(steps += 1)}`;
      print(`${name}() {\n${guard}${commandText(command)}\n}\n`);
      open = [name, ...open];
      if (always_) always.unshift(name);
      print(`undo='${open.join(' ')}'\n`);
    };
    const result = await body({
      always: add('', true),
      onFailure: add('[ "$code" -ne 0 ] || return 0\n', false),
      keep: () => {
        const kept = [...always, ...outer];
        if (kept.length !== open.length) print(`undo='${(open = kept).join(' ')}'\n`);
      },
    });
    for (const name of always) print(`${name} || :\n`);
    if (open.length !== outer.length) print(`undo='${outer.join(' ')}'\n`);
    open = outer;
    return result;
  }
  return make();
}

// `retry` is a function: it can take words, but neither variables before it nor a pipe in front of it.
function isSimple({stdin, secrets, env, cwd}: Command): boolean {
  return stdin === undefined && secrets === undefined && env === undefined && cwd === undefined;
}

function allowing(text: string, allow: readonly number[] | undefined): string {
  if (allow === undefined || allow.length === 0) return text;
  const tests = allow.map((code) => `[ "$code" -eq ${code} ]`).join(' || ');
  return `${text} || { code=$?; ${tests}; }`;
}
