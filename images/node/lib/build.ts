import {existsSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {linkCaches, linkScratch} from './caches.ts';
import {execCommand, isPlugAndPlay, scriptCommand} from './commands.ts';
import {buildSteps, hasOwnAddon, ignoresScripts, lifecycleSteps, prismaDirectories, type Step} from './lifecycle.ts';
import {allowPrograms} from './placeholders.ts';
import {closureOf, readText} from './project.ts';
import {refuse, run, say} from './report.ts';
import {hasDependencies, install, managerOf, postponed, readService, type Service, withManager} from './service.ts';
import {enter, removeCacheOfLayer, type Surroundings} from './surroundings.ts';

// build-service: the step of a service's build after its source is copied. Installs if `install-dependencies
// --before-source` could not, then runs what an install runs in the service's own packages, `prisma generate` where there
// is a schema, and scripts.build.

const directory = process.cwd();
const nodeGyp = '/usr/local/lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js';
/** The build argument: the service's directory in its workspace. Only what this package needs has been copied. */
const own = (process.env['service_directory'] ?? '').replace(/\/+$/, '');

async function main(): Promise<void> {
  if (!existsSync(join(directory, 'package.json'))) return;
  // What `entrypoint build` added for the install.
  rmSync(join(directory, '.entrypoint'), {recursive: true, force: true});
  rmSync(join(directory, '.entrypoint-manifests'), {force: true});
  const surroundings = enter(directory);
  try {
    const whole = readService(directory);
    const service = {
      ...whole,
      project: {...whole.project, members: own === '' ? whole.project.members : closureOf(whole.project, own)},
    };
    // An install here runs the service's own scripts itself.
    const late = existsSync(postponed) && hasDependencies(service);
    rmSync(postponed, {force: true});
    if (late) await install(whole, surroundings);
    allowPrograms(directory, service.project);
    await runSteps(service, surroundings, !late);
    linkScratch(directory, ['.', ...service.project.members.map((one) => one.directory)]);
  } finally {
    surroundings.leave();
    removeCacheOfLayer();
  }
}

const named = ({directory: at, script}: Step): string =>
  `scripts.${script} of ${at === '.' ? 'package.json' : `${at}/package.json`}`;

async function runSteps(service: Service, surroundings: Surroundings, isInstalled: boolean): Promise<void> {
  const {project, choice} = service;
  const prisma = prismaDirectories(project, (file) => existsSync(join(directory, file)));
  const builds = buildSteps(project, own);
  // What npm does with an addon that has no install script.
  const addons = isInstalled ? [project.root].filter(hasOwnAddon) : [];
  const all = isInstalled ? lifecycleSteps(project, choice.manager) : [];
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
