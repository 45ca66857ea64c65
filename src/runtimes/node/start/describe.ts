import {existsSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {exitCode, isProblem, problem} from '../../../errors.ts';
import {readText} from '../../../text/file.ts';
import {type Description, type Fact, procfileWeb, shortVersion, type Undecided} from '../../description.ts';
import {healthPath, sourceFiles} from '../../sources.ts';
import {checkerNames} from '../linters.ts';
import {addPackages, lockFileOf, type PackageManager, packageManagerOf} from '../package-manager.ts';
import {dependsOn, type PackageFile, readPackage} from '../package.ts';
import {testScript} from '../test-script.ts';
import {otherSuites} from '../tests.ts';
import {type Framework, servingPrograms} from './frameworks.ts';
import {installedPackage} from './program.ts';
import {adapterFix, frameworkOf, nodeStart, saidStarts} from './start.ts';

const runners = ['vitest', 'jest', 'mocha', 'ava', 'tap'];

/**
 * What a directory shows about its Node service. Nothing need be installed or built.
 * @throws Problem `no_server_module`, `framework_missing` or `bad_package_file` (exit code 65)
 */
export function describeNode(directory: string): Description {
  const manifest = readPackage(directory) ?? {};
  const framework = frameworkOf(directory, manifest);
  if (framework !== undefined && !dependsOn(manifest, framework.package)) throw notDeclared(directory, framework);
  const program = undeclaredProgram(directory, manifest);
  if (program !== undefined) throw program;
  const served = servedFact(directory, manifest, framework);
  return {
    facts: [
      frameworkFact(directory, manifest, framework),
      managerFact(directory),
      ...(manifest.scripts?.['build'] === undefined ? [] : [{what: 'build script'}]),
      served.fact,
      testFact(manifest),
      ...otherFacts(directory),
    ],
    undecided: [...served.undecided, ...standaloneNote(directory, framework)],
    health: healthPath(directory, sourceFiles(directory, /\.[cm]?[jt]sx?$/)),
  };
}

/** A start script by the program of a package that package.json does not name. */
function undeclaredProgram(directory: string, manifest: PackageFile): Error | undefined {
  for (const {from, script} of saidStarts(directory, manifest)) {
    const program = script.kind === 'start' ? servingPrograms[script.program ?? ''] : undefined;
    if (program !== undefined && !dependsOn(manifest, program.package))
      return problem({
        code: 'framework_missing',
        what: `${from} runs a program of ${program.package}, and package.json does not depend on it`,
        fix: addPackages(directory, [program.package], {dev: false}),
        exitCode: exitCode.badData,
      });
  }
  return undefined;
}

function notDeclared(directory: string, {package: name, title, files = []}: Framework): Error {
  const file = files.find((one) => existsSync(join(directory, one))) ?? '';
  return problem({
    code: 'framework_missing',
    what: `${file} is of ${title}, and package.json does not depend on ${name}`,
    fix: addPackages(directory, [name], {dev: false}),
    exitCode: exitCode.badData,
  });
}

function frameworkFact(directory: string, manifest: PackageFile, framework: Framework | undefined): Fact {
  if (framework === undefined) return {what: 'a Node service', from: 'package.json'};
  const range = {...manifest.devDependencies, ...manifest.dependencies}[framework.package] ?? '';
  const version = installedPackage(directory, framework.package)?.manifest.version ?? range;
  return {what: `${framework.title} ${shortVersion(version)}`.trim(), from: 'package.json'};
}

function managerFact(directory: string): Fact {
  const manager = packageManagerOf(directory);
  const file = lockFileOf(directory, manager);
  if (file === undefined) return {what: `${manager}, without a lock file`};
  const version = versionOf(manager, file);
  return {what: version === undefined ? manager : `${manager} ${version}`, from: relative(directory, file)};
}

function versionOf(manager: PackageManager, lock: string): string | undefined {
  const manifest = readText(join(dirname(lock), 'package.json')) ?? '';
  const declared = /"packageManager"\s*:\s*"\w+@(\d+)/.exec(manifest)?.[1];
  if (declared !== undefined) return declared;
  const text = manager === 'pnpm' || manager === 'yarn' ? (readText(lock) ?? '').slice(0, 400) : '';
  if (manager === 'pnpm') return {'6.0': '8', '9.0': '10'}[/lockfileVersion: '([\d.]+)'/.exec(text)?.[1] ?? ''];
  if (manager === 'yarn' && /yarn lockfile v1/.test(text)) return '1';
  return undefined;
}

function servedFact(
  directory: string,
  manifest: PackageFile,
  framework: Framework | undefined,
): {readonly fact: Fact; readonly undecided: readonly Undecided[]} {
  const said = saidStarts(directory, manifest);
  const first = said.find(({script}) => script.kind === 'start' || script.kind === 'own');
  const unfollowed = said.find(({script}) => script.kind === 'other');
  const undecided =
    unfollowed === undefined
      ? []
      : [
          {
            what: `${unfollowed.from} does more than start a module: ${unfollowed.text}`,
            write: 'deploy.yaml: environments: {local: {before: [TASK]}}, for what it runs first',
            ...(unfollowed.from === procfileWeb.file ? {unfollowed: procfileWeb} : {}),
          },
        ];
  if (first?.script.kind === 'start') {
    const {file, program} = first.script;
    const known = program === undefined || servingPrograms[program] !== undefined;
    if (known && (file === undefined || isBuiltOrThere(directory, file, manifest)))
      return {fact: {what: `serves with \`${first.text}\``, from: first.from}, undecided};
  }
  const own = framework?.program ?? framework?.outputs?.slice(0, 1);
  if (own !== undefined && framework?.adapter === undefined)
    return {fact: {what: `serves with \`${own.join(' ')}\``, from: framework?.title}, undecided};
  if (own !== undefined && framework?.outputs !== undefined && manifest.scripts?.['build'] !== undefined)
    return {
      fact: {what: `serves ${own[0]}`, from: framework.title},
      undecided: adapterOf(directory, manifest, framework).concat(undecided),
    };
  try {
    const start = nodeStart(directory);
    return {fact: {what: `serves ${start.module}`, from: start.from}, undecided};
  } catch (error) {
    if (!isProblem(error) || error.code !== 'not_installed') throw error;
    return {fact: {what: `serves with \`${first?.text}\``, from: first?.from}, undecided};
  }
}

const isBuiltOrThere = (directory: string, file: string, {scripts}: PackageFile): boolean =>
  scripts?.['build'] !== undefined ||
  [file, `${file}.js`, `${file}/index.js`].some((one) => existsSync(join(directory, one)));

/** A framework whose build makes a server only with an adapter. */
function adapterOf(directory: string, manifest: PackageFile, {adapter}: Framework): readonly Undecided[] {
  if (adapter === undefined || dependsOn(manifest, adapter.package)) return [];
  return [{what: `the build makes no server without ${adapter.package}`, write: adapterFix(directory, adapter)}];
}

function standaloneNote(directory: string, framework: Framework | undefined): readonly Undecided[] {
  if (framework?.package !== 'next') return [];
  const config = (framework.files ?? []).map((file) => readText(join(directory, file)) ?? '').join('\n');
  const manifest = readPackage(directory) ?? {};
  const copies = Object.values(manifest.scripts ?? {}).some((text) => text.includes('.next/static'));
  const starts = manifest.scripts?.['start'] ?? '';
  if (!/output\s*:\s*['"]standalone['"]/.test(config) || copies || !starts.includes('standalone')) return [];
  return [
    {
      what: 'a standalone server of Next.js has no static files unless the build copies them',
      write:
        'package.json: "postbuild": "cp -r public .next/standalone/ && cp -r .next/static .next/standalone/.next/"',
    },
  ];
}

function testFact(manifest: PackageFile): Fact {
  const runner = runners.find((name) => dependsOn(manifest, name));
  if (runner !== undefined) return {what: `tests: ${runner}`};
  const test = testScript(manifest);
  if (/node .*--test/.test(test ?? '')) return {what: 'tests: node:test'};
  return {what: test === undefined ? 'no tests' : `tests: \`${test}\``};
}

function otherFacts(directory: string): readonly Fact[] {
  const others = otherSuites(directory);
  const checkers = checkerNames(directory);
  return [
    ...(others.length === 0 ? [] : [{what: `${others.join(' and ')}: left to a task of tasks.ts`}]),
    ...(checkers.length === 0 ? [] : [{what: `checks: ${checkers.join(', ')}`}]),
  ];
}
