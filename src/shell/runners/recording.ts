import {type Command, type Commands, commandText, secretsText, toCommand, type Words} from '../argv.ts';
import {noEcho} from '../echo.ts';
import {secretsOf} from '../secrets.ts';
import type {Result, Runner, RunOptions} from '../types.ts';
import {makeScope} from './scope.ts';

/** Answers a recorded command: part of a result, or an error to throw. Undefined: success without output. */
export type Responder = (command: Command, text: string) => Partial<Result> | Error | undefined;

/**
 * A runner for tests. It runs nothing, and keeps the text of every command, clean-up included.
 * @param respond default: every command succeeds without output
 * @example
 * const {run, commands} = recordingRunner((_, text) => (text === 'git rev-parse HEAD' ? {stdout: 'abc\n'} : undefined));
 * await run(['docker', 'tag', 'shop', 'shop:1']);
 * assert.deepEqual(commands, ['docker tag shop shop:1']);
 */
export function recordingRunner(respond: Responder = () => undefined): {run: Runner; commands: string[]} {
  const commands: string[] = [];
  const execute = async (words: Words | Command, {lines}: RunOptions = {}): Promise<Result> => {
    const command = toCommand(words);
    const text = commandText(command);
    commands.push(text);
    const given = respond(command, text);
    if (given instanceof Error) throw given;
    const result: Result = {exitCode: 0, stdout: '', stderr: '', seconds: 0, ...given};
    for (const stream of ['stdout', 'stderr'] as const)
      for (const line of result[stream].split('\n')) if (line !== '') lines?.(line, stream);
    return result;
  };
  const make = (): Runner => {
    const made: Runner = Object.assign((words: Words | Command, run?: RunOptions) => execute(words, run), {
      read: execute,
      scope: makeScope(execute, noEcho),
      prefixed: make,
      step: <T>(_title: string, body: (run: Runner) => Promise<T>) => body(made),
      readSecrets: async (list: Commands) => {
        const secrets = list.map(toCommand).flatMap(secretsOf);
        if (secrets.length > 0) commands.push(secretsText(secrets));
      },
      become: async (command: Words | Command) => void (await execute(command)),
      act: async <T>(text: string, body: () => Promise<T>): Promise<T> => {
        commands.push(text);
        return body();
      },
    });
    return made;
  };
  return {run: make(), commands};
}
