import {existsSync, readdirSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {suspendLifecycle} from './lifecycle.ts';
import type {ManagerName} from './locks.ts';
import {linkedIn, standIn} from './placeholders.ts';
import {dependenciesOf, inputPaths, type Project, readText} from './project.ts';
import {run, say, refuse} from './report.ts';
import {hasDependencies, install, postponed, readService, type Service} from './service.ts';
import {enter, removeCacheOfLayer} from './surroundings.ts';

// install-dependencies [--before-source]: the step of a service's build that installs what its lock file lists.
// With --before-source, only manifests have been copied: the scripts of the service's own packages are left to
// build-service, and so is the install itself if it needs more than manifests.

const directory = process.cwd();
const tools = '/usr/local/lib/entrypoint/tools';
/** In a directory of manifests that `entrypoint build` made: every member of the workspace is here. */
const complete = '.entrypoint-manifests';

async function main(words: readonly string[]): Promise<void> {
  const early = words.includes('--before-source');
  const unknown = words.filter((word) => word !== '--before-source');
  if (unknown.length > 0)
    refuse([{what: `unexpected argument ${unknown.join(' ')}`, fix: 'install-dependencies [--before-source]'}]);
  if (!existsSync(join(directory, 'package.json')))
    refuse([
      {what: `no package.json in ${directory}`, fix: 'COPY it before this step (does .dockerignore exclude it?)'},
    ]);
  const isComplete = existsSync(join(directory, complete));
  rmSync(join(directory, complete), {force: true});
  const surroundings = enter(directory);
  try {
    const service = readService(directory);
    const missing = early ? missingInputs(service, isComplete) : [];
    if (missing.length > 0) {
      say(`the install follows after the source is copied: it needs ${missing.join(', ')}`);
      writeFileSync(postponed, '');
    } else if (hasDependencies(service)) {
      const resume = early
        ? [
            standIn(directory, service.project, linkedIn(directory, service.choice.lock)),
            suspendLifecycle(directory, [service.project.root, ...service.project.members]),
          ]
        : [];
      try {
        await install(service, surroundings);
      } finally {
        for (const one of resume.toReversed()) one();
      }
    }
    await addTools(service.project, surroundings.env);
  } finally {
    surroundings.leave();
    removeCacheOfLayer();
  }
}

/** What the install would need, and is not here yet. */
function missingInputs({project, choice}: Service, isComplete: boolean): readonly string[] {
  // npm links a directory, and its lock file has what it needs of its manifest.
  const linked = new Set(linkedIn(directory, choice.lock).map(({path}) => path));
  const read = (file: string): string | undefined => readText(join(directory, file));
  const files = inputPaths(project, read).filter(
    (path) => !linked.has(path) && !isHere(join(directory, path), choice.manager),
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

/** The toolkit's pinned linter and type checker, for a service that lacks one. */
async function addTools({root, members}: Project, env: NodeJS.ProcessEnv): Promise<void> {
  const names = new Set([root, ...members].flatMap(({manifest}) => dependenciesOf(manifest).map(([name]) => name)));
  if (names.has('typescript') && ['oxlint', 'eslint', '@biomejs/biome'].some((name) => names.has(name))) return;
  say("the service has no linter or no type checker: static_analysis uses the toolkit's");
  const {code, output} = await run(['npm', 'ci'], {env, cwd: tools, capture: true});
  if (code === 0) return;
  process.stderr.write(output);
  refuse([{what: "cannot install the toolkit's linter and type checker", fix: 'see the output of npm above'}]);
}

await main(process.argv.slice(2));
