import {existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join, relative} from 'node:path';
import {guardRefusals} from './lifecycle.ts';
import {installCommand, yarnDrift} from './manager/commands.ts';
import {explain} from './manager/explain.ts';
import {type Choice, chooseManager, isRefused, memberLockRefusals} from './manager/locks.ts';
import {fetchManager, type Manager} from './manager/managers.ts';
import {nodeRefusals, type Satisfies, wantedVersions} from './node-version.ts';
import {neighbours} from './place.ts';
import {dependenciesOf, inputPaths, outsideRefusals, type Project, readProject, readText} from './project.ts';
import {refuse, run, warn} from './report.ts';
import {provideGit, type Surroundings, trustSettings} from './surroundings.ts';

/** The service of the working directory, and what installs it. */
export interface Service {
  readonly directory: string;
  readonly project: Project;
  readonly choice: Choice;
}

const npm = createRequire('/usr/local/lib/node_modules/npm/package.json');

/** Reads the service in a directory of `content`, and ends the process with everything that is wrong with its files. */
export function readService(directory: string, content: string): Service {
  const project = readProject(directory);
  const {manifest} = project.root;
  const read = (file: string): string | undefined => readText(join(directory, file));
  const exists = (file: string): boolean => existsSync(join(directory, file));
  const choice = chooseManager({manifest, read});
  const refusals = [
    ...nodeRefusals(
      wantedVersions(manifest, read),
      process.versions.node,
      npm('semver/functions/satisfies') as Satisfies,
    ),
    ...outsideRefusals(inputPaths(project, read), relative(content, directory)),
    ...(isRefused(choice)
      ? choice
      : [
          ...guardRefusals(project, choice.manager),
          ...memberLockRefusals(
            project.members.map((one) => one.directory),
            exists,
            choice,
          ),
        ]),
  ];
  if (refusals.length > 0 || isRefused(choice)) return refuse(refusals);
  return {directory, project, choice};
}

/** The packages that a service links beside its own directory, with dependencies of their own; those that others need first. */
export const linkedServices = (service: Service, content: string): readonly Service[] =>
  neighbours(service)
    .toReversed()
    .map(({directory}) => readService(join(service.directory, directory), content))
    .filter(hasDependencies);

/** Whether there is anything to install. */
export const hasDependencies = ({project: {root, members, patterns}, choice}: Service): boolean =>
  choice.lock !== undefined ||
  patterns !== undefined ||
  [root, ...members].some(({manifest}) => dependenciesOf(manifest).length > 0);

/** The manager, fetched. */
export async function managerOf({directory, choice}: Service, env: NodeJS.ProcessEnv): Promise<Manager> {
  const imageNpm = (npm('npm/package.json') as {version: string}).version;
  // The repository's own copy of yarn, which yarn itself would start.
  const [, own] = /^yarnPath:[ \t]*['"]?([^'"\s]+)/m.exec(readText(join(directory, '.yarnrc.yml')) ?? '') ?? [];
  return fetchManager(choice, env, {imageNpm, yarnPath: own === undefined ? undefined : join(directory, own)});
}

/** 11 and later read the second spelling. */
const ofPnpm = Object.fromEntries(
  Object.entries({
    // Not before each script: what is installed is what the lock file lists.
    verify_deps_before_run: 'false',
    // It is the version that package.json asks for, and need fetch no other copies of itself.
    manage_package_manager_versions: 'false',
    pm_on_fail: 'ignore',
  }).flatMap(([name, value]) => ['npm', 'pnpm'].map((prefix) => [`${prefix}_config_${name}`, value])),
);

/** PATH with the manager's programs, and settings of its own. */
export const withManager = (env: NodeJS.ProcessEnv, {name, bin}: Manager): NodeJS.ProcessEnv => ({
  ...env,
  ...(bin === undefined ? {} : {PATH: `${bin}:${env['PATH'] ?? ''}`}),
  ...(name === 'pnpm' ? ofPnpm : {}),
});

/** Installs the dependencies, exactly as the lock file lists them; ends the process if that fails. */
export async function install(service: Service, {env: outside, certificates, unset}: Surroundings): Promise<void> {
  const {directory, project, choice} = service;
  const drift =
    choice.manager === 'yarn' && choice.lock !== undefined
      ? yarnDrift(project, readText(join(directory, choice.lock)) ?? '')
      : [];
  if (drift.length > 0) refuse(drift);
  const manager = await managerOf(service, outside);
  const command = installCommand(manager, {
    lock: choice.lock,
    yarnSettings: readText(join(directory, '.yarnrc.yml')),
    hasYarnCache: existsSync(join(directory, '.yarn/cache')),
    certificates,
  });
  const where = relative(process.cwd(), directory);
  if (choice.lock === undefined)
    warn(
      `no lock file${where === '' ? '' : ` in ${where}`}: another day's build gives another image. fix: ${choice.manager === 'npm' ? 'npm install --package-lock-only' : `${manager.program} install`}, and commit the file (does .dockerignore exclude it?)`,
    );
  if (manager.bin !== undefined) process.stdout.write(`${manager.program} ${manager.version} (${choice.because})\n`);
  const git = usesGit(project, choice.lock === undefined ? '' : readFileSync(join(directory, choice.lock), 'latin1'))
    ? await provideGit(outside)
    : {};
  // Many tools ask no questions and show no progress with CI.
  const settings = manager.name === 'pnpm' ? trustSettings(directory) : undefined;
  const env = {CI: 'true', ...withManager({...outside, ...git}, manager), ...command.env, ...settings?.env};
  const {code, output} = await run(command.words, {env, cwd: directory, capture: true});
  settings?.leave();
  if (code === 0) {
    process.stdout.write(output);
    return;
  }
  const refusal = explain({choice, output, node: process.versions.node, unset});
  if (refusal !== undefined) refuse([refusal]);
  process.stderr.write(output);
  refuse([
    {
      what: `${command.words.slice(0, 2).join(' ')} failed with exit code ${code}`,
      fix: `see its output above; here it is: ${command.words.slice(0, 2).join(' ')}`,
    },
  ]);
}

/** Whether a dependency comes from a git repository. */
export function usesGit({root, members}: Project, lock: string): boolean {
  const inManifest = [root, ...members].some(({manifest}) =>
    dependenciesOf(manifest).some(([, range]) =>
      /^(?:git[+:@]|github:|gitlab:|bitbucket:|[\w-]+\/[\w.-]+(?:#|$)|https?:\/\/.*\.git(?:#|$))/.test(range),
    ),
  );
  return (
    inManifest ||
    /"git\+(?:https?|ssh|file):|\bgit\+https?:|type: git\b|repo: \S+\.git|commit=[0-9a-f]{40}|"(?:github|git):/.test(
      lock,
    )
  );
}
