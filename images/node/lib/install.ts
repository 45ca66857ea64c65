import {existsSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {suspendLifecycle} from './lifecycle.ts';
import type {ManagerName} from './manager/locks.ts';
import {complete, installedIn, neighbours, postponed} from './place.ts';
import {linkedIn, standIn} from './placeholders.ts';
import {inputPaths, readText} from './project.ts';
import {say, refuse} from './report.ts';
import {hasDependencies, install, linkedServices, readService, type Service} from './service.ts';
import {enter, removeCacheOfLayer} from './surroundings.ts';
import {addTools} from './tools.ts';

// install-dependencies [--before-source]: the step of a service's build that installs what its lock file lists.
// With --before-source, only manifests have been copied: the scripts of the service's own packages are left to
// build-service, and so is the install itself if it needs more than manifests.

const content = process.cwd();
/** What `entrypoint build` says of the manifests that it collected. */
const collected = readText(join(content, complete));
const directory = join(content, collected?.trim() ?? '');

async function main(words: readonly string[]): Promise<void> {
  const early = words.includes('--before-source');
  const unknown = words.filter((word) => word !== '--before-source');
  if (unknown.length > 0)
    refuse([{what: `unexpected argument ${unknown.join(' ')}`, fix: 'install-dependencies [--before-source]'}]);
  rmSync(join(content, complete), {force: true});
  if (!existsSync(join(directory, 'package.json'))) {
    // It can be in a directory of the source, of which this step does not know.
    if (!early)
      refuse([
        {what: `no package.json in ${directory}`, fix: 'COPY it before this step (does .dockerignore exclude it?)'},
      ]);
    say('the install follows after the source is copied: it needs package.json');
    writeFileSync(postponed, '');
    return;
  }
  process.chdir(directory);
  const surroundings = enter(directory);
  try {
    const service = readService(directory, content);
    const linked = linkedServices(service, content);
    const missing = early ? [...linked, service].flatMap((one) => missingInputs(one, collected !== undefined)) : [];
    if (missing.length > 0) {
      say(`the install follows after the source is copied: it needs ${missing.join(', ')}`);
      writeFileSync(postponed, '');
    } else if (hasDependencies(service)) {
      const {root, members, patterns} = service.project;
      const own = {root, members: [...members, ...neighbours(service)], patterns};
      const resume = early
        ? [
            standIn(directory, own, linkedIn(directory, service.choice.lock)),
            suspendLifecycle(directory, [root, ...own.members]),
          ]
        : [];
      try {
        for (const one of [...linked, service]) await install(one, surroundings);
      } finally {
        for (const one of resume.toReversed()) one();
      }
    }
    if (directory !== content) writeFileSync(installedIn, directory);
    await addTools(service.project, surroundings.env);
  } finally {
    surroundings.leave();
    removeCacheOfLayer();
  }
}

/** What the install would need, and is not here yet. */
function missingInputs(service: Service, isComplete: boolean): readonly string[] {
  const {directory: at, project, choice} = service;
  // Of a directory that is linked, the manifest is enough; a lock file of npm repeats what it needs of it.
  const linked = new Set([
    ...linkedIn(at, choice.lock).map(({path}) => path),
    ...neighbours(service).map((one) => one.directory),
  ]);
  const read = (file: string): string | undefined => readText(join(at, file));
  const files = inputPaths(project, read).filter(
    (path) => !linked.has(path) && !isHere(join(at, path), choice.manager),
  );
  return [
    ...(project.patterns !== undefined && project.patterns.length > 0 && !isComplete
      ? ['the packages of the workspace']
      : []),
    ...files,
  ];
}

/** Whether a file or a directory is complete. All but npm copy a `file:` directory: its manifest alone is not enough. */
function isHere(path: string, manager: ManagerName): boolean {
  const isDirectory = statSync(path, {throwIfNoEntry: false})?.isDirectory();
  if (isDirectory !== true || manager === 'npm') return isDirectory !== undefined;
  return readdirSync(path).some((name) => name !== 'package.json');
}

await main(process.argv.slice(2));
