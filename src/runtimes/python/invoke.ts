import {join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import {option, type Option, type Options} from '../../option.ts';
import type {Words} from '../../shell/argv.ts';
import {spawn} from '../../shell/spawn.ts';
import {task, type Task} from '../../task.ts';
import type {ServiceContext} from '../runtime.ts';
import {findPythonProgram, pythonLibrary, pythonProgram} from './program.ts';

/** A task of tasks.py, as invoke describes it. */
export interface InvokeTask {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly InvokeOption[];
}

interface InvokeOption {
  readonly name: string;
  readonly kind: 'string' | 'number' | 'boolean' | 'list';
  readonly default: unknown;
  readonly help: string;
  readonly positional: boolean;
  /** `-vvv` is 3. */
  readonly counts: boolean;
}

/** Exit code of describe_tasks.py where invoke is not installed. */
const noInvoke = 3;

/**
 * The tasks of the service's tasks.py by name, for teams that come from invoke. None without invoke: a tasks.py can be
 * something else, such as Celery's.
 * @throws Problem `bad_tasks_py` (exit code 65) when invoke cannot load it
 */
export async function invokeTasks({cwd, env}: ServiceContext): Promise<ReadonlyMap<string, Task>> {
  if (findPythonProgram({cwd, env}, 'invoke') === undefined) return new Map();
  const words = [pythonProgram({cwd, env}), join(pythonLibrary(), 'describe_tasks.py')];
  const {code, stdout, stderr} = await spawn(
    {words},
    {cwd, env, stdout: 'keep', stdoutFd: 2, watchStderr: true, interactive: false},
  );
  if (code === noInvoke) return new Map();
  if (code !== 0) {
    throw problem({
      code: 'bad_tasks_py',
      what: 'invoke cannot load tasks.py',
      details: stderr.trim().split('\n').slice(-6),
      fix: 'correct tasks.py; if it is not meant for invoke, remove invoke from the requirements',
      exitCode: exitCode.badData,
    });
  }
  return new Map((JSON.parse(stdout) as InvokeTask[]).map((described) => [described.name, taskOf(described)]));
}

function taskOf({name, summary, options}: InvokeTask): Task {
  const known: Options = Object.fromEntries(options.map((one) => [one.name, optionOf(one)]));
  return task(summary, known, async ({run, cwd, env, rest}, values) => {
    const program = findPythonProgram({cwd, env}, 'invoke') ?? 'invoke';
    const words = options.flatMap((one) => flagWords(one, values[one.name]));
    // With the standard input, as of invoke itself: a task can read it, or ask.
    await run([program, name, ...words, ...(rest.length === 0 ? [] : ['--', ...rest])], {input: true});
  });
}

function optionOf({kind, help, positional, default: value}: InvokeOption): Option<unknown> {
  if (kind === 'boolean') return option.boolean(help, {positional, default: value === true});
  if (kind === 'number')
    return option.number(help, {positional, default: typeof value === 'number' ? value : undefined});
  if (kind === 'list') return option.list(help, {positional, default: Array.isArray(value) ? value.map(String) : []});
  return option.string(help, {positional, default: typeof value === 'string' ? value : undefined});
}

/** The words by which invoke reads `value`; none if it is the default. */
export function flagWords(
  {name, kind, counts, default: usual}: Omit<InvokeOption, 'help' | 'positional'>,
  value: unknown,
): Words {
  const flag = `--${name.replaceAll('_', '-')}`;
  if (kind === 'boolean') return value === (usual === true) ? [] : [value === true ? flag : `--no-${flag.slice(2)}`];
  if (kind === 'list') return (value as readonly string[]).map((one) => `${flag}=${one}`);
  if (value === undefined || value === usual) return [];
  return counts ? Array.from({length: Number(value)}, () => flag) : [`${flag}=${String(value)}`];
}
