import {existsSync, globSync, rmSync} from 'node:fs';
import {basename, join} from 'node:path';
import {linkCaches, linkScratch} from './caches.ts';
import {buildSteps, hasOwnAddon, ignoresScripts, lifecycleSteps, prismaDirectories, type Step} from './lifecycle.ts';
import {execCommand, isPlugAndPlay, scriptCommand} from './manager/commands.ts';
import {lockFiles} from './manager/locks.ts';
import {complete, installedIn, neighbours, postponed, pythonLocks, serviceDirectory, strayLocks} from './place.ts';
import {allowPrograms} from './placeholders.ts';
import {closureOf, inputPaths, readText} from './project.ts';
import {refuse, run, say} from './report.ts';
import {
  hasDependencies,
  install,
  linkedServices,
  managerOf,
  readService,
  type Service,
  withManager,
} from './service.ts';
import {enter, removeCacheOfLayer, type Surroundings} from './surroundings.ts';
import {addTools} from './tools.ts';

// build-service: the step of a service's build after its source is copied. Installs if `install-dependencies
// --before-source` could not, then runs what an install runs in the service's own packages, `prisma generate` where there
// is a schema, and scripts.build.

const content = process.cwd();
const nodeGyp = '/usr/local/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js';
/** The build argument: the service's directory in the source. Only what this package needs has been copied. */
const asked = (process.env['service_directory'] ?? '').replace(/\/+$/, '');
const directory = serviceDirectory(content, asked);
/** The member of the workspace that is built; empty: the service is no member. */
const own = directory === content ? asked : '';

async function main(): Promise<void> {
  process.chdir(directory);
  // What `entrypoint build` added for the install.
  rmSync(join(content, '.entrypoint'), {recursive: true, force: true});
  rmSync(join(content, complete), {force: true});
  const isPostponed = existsSync(postponed);
  const isInstalled = directory === content || readText(installedIn) === directory;
  for (const file of [postponed, installedIn]) rmSync(file, {force: true});
  if (!existsSync(join(directory, 'package.json'))) {
    if (isPostponed) refuse([{what: `no package.json in ${directory}`, fix: 'does .dockerignore exclude it?'}]);
    return;
  }
  const surroundings = enter(directory);
  try {
    const whole = readService(directory, content);
    const service = {
      ...whole,
      project: {...whole.project, members: own === '' ? whole.project.members : closureOf(whole.project, own)},
    };
    // An install here runs the service's own scripts itself.
    const late = (isPostponed || !isInstalled) && hasDependencies(service);
    if (late) for (const one of [...linkedServices(whole, content), whole]) await install(one, surroundings);
    if (isPostponed) await addTools(whole.project, surroundings.env);
    allowPrograms(directory, service.project);
    nameStrayLocks(whole);
    await runSteps(service, surroundings, !late);
    linkScratch(directory, ['.', ...service.project.members.map((one) => one.directory)]);
  } finally {
    surroundings.leave();
    removeCacheOfLayer();
  }
}

/** A lock file that nothing reads is named. */
function nameStrayLocks({project}: Service): void {
  const files = `{${[...lockFiles, ...pythonLocks].join(',')}}`;
  const names = ['', '*/', '*/*/'].flatMap((below) =>
    globSync(`${below}${files}`, {cwd: directory, exclude: ['**/node_modules']}),
  );
  const linked = inputPaths(project, () => undefined);
  for (const name of strayLocks(names.toSorted(), project, linked))
    say(
      `not installed: the packages of ${name}, ${
        pythonLocks.includes(basename(name))
          ? "which are Python's, and this image is Node's (docs/images.md)"
          : 'which no workspace of the service lists; if it is part of it: "workspaces", or npm ci in scripts.build'
      }`,
    );
}

const named = ({directory: at, script}: Step): string =>
  `scripts.${script} of ${at === '.' ? 'package.json' : `${at}/package.json`}`;

async function runSteps(service: Service, surroundings: Surroundings, isInstalled: boolean): Promise<void> {
  const {project, choice} = service;
  const prisma = prismaDirectories(project, (file) => existsSync(join(directory, file)));
  const builds = buildSteps(project, own);
  // What npm does with an addon that has no install script.
  const addons = isInstalled ? [project.root].filter(hasOwnAddon) : [];
  const all = isInstalled ? lifecycleSteps(project, choice.manager, neighbours(service)) : [];
  const ignored = all.length > 0 && ignoresScripts(choice.manager, (file) => readText(join(directory, file)));
  if (ignored) say(`not run, since the settings have ignore-scripts: ${all.map(named).join(', ')}`);
  const lifecycle = ignored ? [] : all;
  if (lifecycle.length + prisma.length + builds.length + addons.length === 0) return;
  const manager = await managerOf(service, surroundings.env);
  const env = withManager(surroundings.env, manager);
  const go = async (words: readonly string[], at: string, what: string): Promise<void> => {
    const {code} = await run(words, {env: {...env, ...plugAndPlayEnvironment()}, cwd: join(directory, at)});
    if (code !== 0)
      refuse([
        {
          what: `${what} failed with exit code ${code}`,
          fix: `see its output above; without triggers, a Dockerfile decides what runs (docs/images.md)`,
        },
      ]);
  };
  for (const addon of addons) await go(['node', nodeGyp, 'rebuild'], addon.directory, 'node-gyp rebuild');
  for (const step of lifecycle) await go(scriptCommand(manager, step.script), step.directory, named(step));
  for (const at of prisma) await go(execCommand(choice.manager, ['prisma', 'generate']), at, 'prisma generate');
  const unlink = linkCaches(directory, `${project.root.manifest.name ?? directory} ${own}`, [
    '.',
    ...project.members.map((one) => one.directory),
  ]);
  try {
    for (const step of builds) await go(scriptCommand(manager, step.script), step.directory, named(step));
  } finally {
    unlink();
  }
}

/** yarn keeps packages in its cache only while it may change it. */
function plugAndPlayEnvironment(): Record<string, string> {
  return isPlugAndPlay(readText(join(directory, '.yarnrc.yml'))) ? {YARN_ENABLE_GLOBAL_CACHE: 'false'} : {};
}

await main();
