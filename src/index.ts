// The public API: everything that a service's own tasks can use besides `entrypoint/tasks`.
export {commandText, execText, quote, wordsText} from './shell/argv.ts';
export type {Command, SecretReference, Words} from './shell/argv.ts';
export {exitCode, exitCodes, isProblem, messageOf, problem, problemText, usageProblem} from './errors.ts';
export type {Problem, ProblemOptions} from './errors.ts';
export {option} from './option.ts';
export type {Option, Options, OptionSettings, Source, Sources, Values} from './option.ts';
export {pythonProgram} from './runtimes/python/program.ts';
export {isTransientText, retry} from './shell/retry.ts';
export type {RetryOptions, RetryWorld} from './shell/retry.ts';
export {dryRunner, makeEcho, noEcho, recordingRunner, systemRunner} from './shell/index.ts';
export type {Echo, Result, Runner, RunOptions, Scope} from './shell/index.ts';
export {task, taskDescription} from './task.ts';
export type {Context, Task, TaskDescription} from './task.ts';
