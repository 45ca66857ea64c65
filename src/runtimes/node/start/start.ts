import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, problem} from '../../../errors.ts';
import type {Words} from '../../../shell/argv.ts';
import {readProcfile} from '../../procfile.ts';
import {addPackages, installCommand, notInstalledText, scriptCommand} from '../package-manager.ts';
import {dependsOn, type PackageFile, readPackage} from '../package.ts';
import {type Adapter, type Framework, frameworks, servingPrograms, withoutAddress} from './frameworks.ts';
import {programFile} from './program.ts';
import {readScript, type Script} from './script.ts';

/** How a Node service is started: a module that the server loads, and what the service says about it. */
export interface NodeStart {
  /** Relative to the service's directory. */
  readonly module: string;
  /** Where that is said: `start` of package.json, Procfile, Nuxt. */
  readonly from: string;
  /** Words for the module. */
  readonly args: Words;
  /** Variables that the start script sets. */
  readonly env: Readonly<Record<string, string>>;
  /** Options of Node that the start script has. */
  readonly nodeOptions: Words;
  /** Port and address that the start script names. */
  readonly port?: string;
  readonly host?: string;
  /** A start script that is not followed, and why. */
  readonly note?: string;
}

const usualModules = [
  'src/server.ts',
  'src/server.js',
  'server.ts',
  'server.js',
  'src/index.ts',
  'src/index.js',
  'index.ts',
  'index.js',
  'app.js',
  'app.ts',
];

/** The scripts that start a service, those for production first. */
const startScripts = ['start:prod', 'start:production', 'serve:prod', 'start'];

/** A command line that starts the service, and what it says. */
interface Said {
  readonly from: string;
  readonly text: string;
  readonly script: Script;
}

/** What the service's own files say about its start: its Procfile, then the scripts of package.json. */
export function saidStarts(directory: string, {scripts = {}}: PackageFile): readonly Said[] {
  const web = readProcfile(directory).get('web');
  return [
    ...(web === undefined ? [] : [{from: 'Procfile', text: web, script: readScript(web, scripts)}]),
    ...startScripts.flatMap((name) => {
      const text = scripts[name];
      return text === undefined ? [] : [{from: `\`${name}\` of package.json`, text, script: readScript(text, scripts)}];
    }),
  ];
}

/**
 * How the service in a directory is started: as its Procfile or its start script says, else as its framework is, else by
 * `main` or a usual file.
 * @throws Problem `no_server_module` (exit code 65) or `not_installed` (69)
 */
export function nodeStart(directory: string): NodeStart {
  const manifest = readPackage(directory) ?? {};
  const said = saidStarts(directory, manifest);
  const exists = (file: string): boolean => existsSync(join(directory, file));
  for (const one of said) {
    const found = startOf(directory, one, exists);
    if (found !== undefined) return found;
  }
  const unfollowed = said.find((one) => one.script.kind === 'other' || isUnknownProgram(one));
  const note =
    unfollowed === undefined
      ? {}
      : {note: `${unfollowed.from} does more than start a module, and is not followed: ${unfollowed.text}`};
  const framework = frameworkOf(directory, manifest);
  const own = framework === undefined ? undefined : frameworkStart(directory, framework, exists);
  if (own !== undefined) return {...own, ...note};
  const {main} = manifest;
  const file = [...(main === undefined ? [] : [main]), ...usualModules].find(exists);
  // Whatever the program is, it is what starts the service.
  const unknown = file === undefined ? said.find(isUnknownProgram) : undefined;
  if (unknown?.script.kind === 'start')
    return programStart(directory, {...unknown.script, program: unknown.script.program ?? '', from: unknown.from});
  if (file === undefined) throw noModule(directory, {manifest, said, framework});
  const from = file === main ? '`main` of package.json' : 'a usual name';
  return {...plain, module: file, from, ...note};
}

/** The start script is a program of which nothing is known: it may serve, or build, or start something else. */
const isUnknownProgram = ({script}: Said): boolean =>
  script.kind === 'start' && script.program !== undefined && servingPrograms[script.program] === undefined;

const plain = {args: [], env: {}, nodeOptions: []};

/** The framework of a service: what package.json depends on, else what a file is of. */
export const frameworkOf = (directory: string, manifest: PackageFile): Framework | undefined =>
  frameworks.find((one) => dependsOn(manifest, one.package)) ??
  frameworks.find(({files = []}) => files.some((name) => existsSync(join(directory, name))));

function startOf(directory: string, said: Said, exists: (file: string) => boolean): NodeStart | undefined {
  const {from, script} = said;
  if (script.kind !== 'start' || isUnknownProgram(said)) return undefined;
  const {file, program, args, env, nodeOptions} = script;
  if (file !== undefined) {
    const module = completions(file).find(exists);
    return module === undefined ? undefined : {module, from, args, env, nodeOptions, ...address({}, env)};
  }
  return program === undefined ? undefined : programStart(directory, {from, program, args, env});
}

/** A file as node completes it. */
const completions = (file: string): readonly string[] =>
  /\.[cm]?[jt]sx?$/.test(file) ? [file] : [`${file}.js`, `${file}/index.js`, file];

function address(
  words: {readonly port?: string; readonly host?: string},
  {PORT}: Readonly<Record<string, string>>,
): Pick<NodeStart, 'port' | 'host'> {
  // `$PORT` and `${PORT:-3000}` are what the server is given anyway.
  const port = [words.port, PORT].find((text) => text !== undefined && /^\d+$/.test(text));
  const host = words.host?.includes('$') === true ? undefined : words.host;
  return {...(port === undefined ? {} : {port}), ...(host === undefined ? {} : {host})};
}

function programStart(
  directory: string,
  {from, program, args, env}: Pick<NodeStart, 'from' | 'args' | 'env'> & {readonly program: string},
): NodeStart {
  const module = programFile(directory, program);
  if (module === undefined) throw notInstalled(directory, program);
  const {words, ...found} = withoutAddress(servingPrograms[program] ?? {port: [], host: []}, args);
  return {module, from, args: words, env, nodeOptions: [], ...address(found, env)};
}

function frameworkStart(
  directory: string,
  {title, outputs = [], program}: Framework,
  exists: (file: string) => boolean,
): NodeStart | undefined {
  const module = outputs.find(exists);
  if (module !== undefined) return {...plain, module, from: title};
  if (program === undefined) return undefined;
  const [name, ...args] = program;
  return programStart(directory, {from: title, program: name, args, env: {}});
}

function notInstalled(directory: string, program: string): Error {
  return problem({
    code: 'not_installed',
    what: notInstalledText(directory, [program]),
    fix: `${installCommand(directory)} (or build the image)`,
    exitCode: exitCode.unavailable,
  });
}

/** How to give a framework its adapter. */
export function adapterFix(directory: string, {package: name, dev, also}: Adapter): string {
  return `${addPackages(directory, [name], {dev})}${also === undefined ? '' : `, and in ${also}`}`;
}

interface Known {
  readonly manifest: PackageFile;
  readonly said: readonly Said[];
  readonly framework: Framework | undefined;
}

function noModule(directory: string, {manifest, said, framework}: Known): Error {
  const named = said.flatMap(({from, script}) =>
    script.kind === 'start' && script.file !== undefined ? [{from, file: script.file}] : [],
  )[0];
  const output = framework?.outputs?.[0];
  const missing =
    named !== undefined
      ? `${named.file} (${named.from})`
      : output !== undefined
        ? `${output} (${framework?.title})`
        : manifest.main;
  const builds = manifest.scripts?.['build'] !== undefined && (named !== undefined || output !== undefined);
  const build = builds ? [`build it: ${scriptCommand(directory, 'build')}`] : [];
  const adapter =
    !builds || framework?.adapter === undefined
      ? []
      : [`if that does not make it: ${adapterFix(directory, framework.adapter)}`];
  return problem({
    code: 'no_server_module',
    what:
      missing === undefined
        ? `no module to serve: no ${usualModules[0]} in ${directory}`
        : `no such module in ${directory}: ${missing}`,
    fix: [...build, ...adapter, 'name it: entrypoint run --module=FILE, or `main` in package.json']
      .slice(0, 2)
      .join('; or '),
    exitCode: exitCode.badData,
  });
}
