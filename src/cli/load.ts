import {existsSync, realpathSync, statSync} from 'node:fs';
import {registerHooks} from 'node:module';
import {basename, dirname, join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {exitCode, isProblem, problem, usageProblem} from '../errors.ts';
import {type Task, taskDescription} from '../task.ts';
import {kebab} from '../text/names.ts';
import {loadProblem} from './report.ts';
import {groupOf, inOrder, type KnownTask} from './tasks.ts';

/** URLs of the running command's own modules: `import 'entrypoint'` in a service resolves to them. */
export interface OwnModules {
  readonly index: string;
  readonly tasks: string;
  /** `entrypoint/config`, which a tasks.ts imports through the service's own modules. */
  readonly config: string;
  /** `entrypoint/log`, likewise. */
  readonly log: string;
}

export interface TaskSource {
  /** Absolute, without symbolic links. */
  readonly directory: string;
  /** The name of its file of tasks; undefined: it has the standard tasks. */
  readonly file: string | undefined;
  readonly tasks: readonly KnownTask[];
}

const taskFiles = ['tasks.ts', 'tasks.js', 'tasks.mjs'];
const markers = [...taskFiles, 'deploy.yaml', 'deploy.yml', 'Dockerfile', 'package.json', 'pyproject.toml'];

/**
 * Finds the service and its tasks: the exported functions of its tasks.ts, or the standard tasks.
 * @param keepDefaults whether configuration that tasks.ts reads as it loads is not validated: no task will use it
 * @throws Problem with exit code 65 when tasks.ts cannot be loaded, 64 when `directory` does not exist
 */
export async function loadTasks(
  cwd: string,
  given: string | undefined,
  own: OwnModules,
  keepDefaults = false,
): Promise<TaskSource> {
  const directory = serviceDirectory(cwd, given);
  const file = taskFiles.find((name) => existsSync(join(directory, name)));
  const exported =
    file === undefined ? ((await import(own.tasks)) as object) : await importTasks(directory, file, own, keepDefaults);
  return {directory, file, tasks: tasksOf(exported, file)};
}

/**
 * The same service with the tasks of its tasks.py, which invoke reads. A task of tasks.ts or a standard one wins
 * over one of the same name in tasks.py.
 * @throws Problem with exit code 65 when invoke cannot load tasks.py
 */
export async function withInvokeTasks(
  service: TaskSource,
  env: Readonly<Record<string, string | undefined>>,
): Promise<TaskSource> {
  if (!existsSync(join(service.directory, 'tasks.py'))) return service;
  const {invokeTasks} = await import('../runtimes/python/invoke.ts');
  const more = await invokeTasks({cwd: service.directory, env});
  const found = [...more]
    .map(([name, call]) => ({
      name: kebab(name),
      group: groupOf(kebab(name), 'tasks.py'),
      call,
      description: taskDescription(call),
    }))
    .filter(
      (one): one is KnownTask => one.description !== undefined && !service.tasks.some(({name}) => name === one.name),
    );
  return found.length === 0 ? service : {...service, tasks: inOrder([...service.tasks, ...found])};
}

/** The nearest directory upwards with a file of a service; without one, the directory to start from. */
function serviceDirectory(cwd: string, given: string | undefined): string {
  const start = resolve(cwd, given ?? '.');
  if (given !== undefined && !isDirectory(start))
    throw usageProblem(`no such directory: ${given}`, 'correct --directory (-C)');
  const real = realpathSync(start);
  for (let directory = real; ; directory = dirname(directory)) {
    if (markers.some((name) => existsSync(join(directory, name)))) return directory;
    if (directory === dirname(directory)) return real;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, {throwIfNoEntry: false})?.isDirectory() === true;
}

async function importTasks(directory: string, file: string, own: OwnModules, keepDefaults: boolean): Promise<object> {
  const url = pathToFileURL(realpathSync(join(directory, file))).href;
  const urls: Readonly<Record<string, string>> = {
    entrypoint: own.index,
    'entrypoint/tasks': own.tasks,
    'entrypoint/config': own.config,
    'entrypoint/log': own.log,
  };
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      // Always the running copy: a second one would have its own brands, options and tasks.
      const mine = urls[specifier];
      if (mine !== undefined) return {url: mine, shortCircuit: true};
      // tasks.ts is an ES module, whatever package.json says.
      if (specifier === url && url.endsWith('.ts')) return {url, format: 'module-typescript', shortCircuit: true};
      return next(specifier, context);
    },
  });
  const {ENTRYPOINT_CONFIG: before} = process.env;
  if (keepDefaults) process.env['ENTRYPOINT_CONFIG'] = 'defaults';
  try {
    return (await import(url)) as object;
  } catch (error) {
    hooks.deregister();
    if (isProblem(error)) throw error;
    throw loadProblem(error, directory, file);
  } finally {
    if (before === undefined) delete process.env['ENTRYPOINT_CONFIG'];
    else process.env['ENTRYPOINT_CONFIG'] = before;
  }
}

function tasksOf(exported: object, file: string | undefined): readonly KnownTask[] {
  const found = new Map<string, {key: string; task: KnownTask}>();
  for (const [key, value] of Object.entries(exported)) {
    const description = key === 'default' || key.startsWith('_') || key === 'task' ? undefined : taskDescription(value);
    if (description === undefined) continue;
    const name = kebab(key);
    const other = found.get(name);
    if (other !== undefined) {
      throw problem({
        code: 'task_twice',
        what: `${basename(file ?? '')} exports the task ${name} twice: as ${other.key} and as ${key}`,
        fix: 'rename one of them',
        exitCode: exitCode.badData,
      });
    }
    found.set(name, {key, task: {name, group: groupOf(name, file), description, call: value as Task}});
  }
  if (found.size === 0) {
    throw problem({
      code: 'no_tasks',
      what: `${file ?? 'the module'} exports no task`,
      fix: "export {build, deploy, run} from 'entrypoint/tasks'; or export your own functions",
      exitCode: exitCode.badData,
    });
  }
  return inOrder([...found.values()].map(({task}) => task));
}
