import {existsSync} from 'node:fs';
import {dirname, join, relative} from 'node:path';
import {exitCode, problem} from '../../../errors.ts';
import {readText} from '../../../text/file.ts';
import {type Description, type Fact, procfileWeb, shortVersion, type Undecided} from '../../description.ts';
import {healthPath, sourceFiles} from '../../sources.ts';
import {checkerNames} from '../checks.ts';
import {installFix} from '../program.ts';
import {requirementsText, requires} from '../requirements.ts';
import {otherSuites} from '../tests.ts';
import {pythonVersion} from '../version.ts';
import {type Application, ownApplication} from './application.ts';
import {findModule} from './module.ts';
import {ownServer} from './own.ts';

/** Files that say what is installed, the strongest first, with the tool that reads them. */
const manifests = [
  ['uv.lock', 'uv'],
  ['poetry.lock', 'poetry'],
  ['pdm.lock', 'pdm'],
  ['Pipfile.lock', 'pipenv'],
  ['pylock.toml', 'uv'],
  ['requirements.txt', 'pip'],
  ['requirements', 'pip'],
  ['Pipfile', 'pipenv, without a lock file'],
  ['pyproject.toml', 'pip, without a lock file'],
  ['requirements.in', 'pip, without a lock file'],
  ['setup.py', 'pip, without a lock file'],
  ['setup.cfg', 'pip, without a lock file'],
] as const;

const servers = ['gunicorn', 'granian', 'uvicorn', 'uwsgi', 'pyuwsgi'] as const;

/**
 * What a directory shows about its Python service. Nothing need be installed.
 * @throws Problem `no_server_module` or `framework_missing` (exit code 65)
 */
export function describePython(directory: string): Description {
  const required = requirementsText(directory);
  const own = ownServer(directory, {});
  const application = ownApplication(directory, own) ?? findModule({cwd: directory, env: {}}, false);
  const {framework} = application;
  if (framework !== undefined && !requires(required, framework)) throw notRequired(directory, application);
  const manifest = workspaceLock(directory) ?? manifests.find(([file]) => existsSync(join(directory, file)));
  const installed =
    servers.find((name) => requires(required, name)) ??
    (/(?:fastapi|litestar)\[/i.test(required) ? 'uvicorn' : undefined);
  const isOwn = own.server !== undefined && (own.from === 'Procfile' || requires(required, own.server));
  const server = isOwn ? own.server : installed;
  const tests = testFacts(directory, required);
  return {
    facts: [
      frameworkFact(required, application, manifest?.[0]),
      {what: `Python ${pythonVersion(directory)}`},
      ...(manifest === undefined ? [] : [{what: manifest[1], from: manifest[0]}]),
      {what: `serves ${application.module}${server === undefined ? '' : ` with ${server}`}`, from: application.from},
      ...tests,
      ...checksFact(directory),
    ],
    undecided: [
      ...(installed === undefined ? [noServer(directory, application)] : []),
      ...(own.note === undefined
        ? []
        : [{what: own.note, write: noteFix(own.note, application), unfollowed: procfileWeb}]),
      ...djangoNotes(directory),
    ],
    health: healthPath(directory, sourceFiles(directory, /\.py$/)),
  };
}

/** A line that does something first has a task for that; one of another server can be one of a server that `run` starts. */
function noteFix(note: string, {module, kind}: Application): string {
  if (/&&|;|\|/.test(note)) return 'deploy.yaml: environments: {local: {before: [TASK]}}';
  return `Procfile: web: ${kind === 'asgi' ? 'uvicorn' : 'gunicorn'} ${module} (or granian), with its options`;
}

/** The lock file of the uv workspace around a directory, which its members share. */
function workspaceLock(directory: string): readonly [file: string, what: string] | undefined {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, 'uv.lock'))) return [relative(directory, join(at, 'uv.lock')), 'uv'];
    if (existsSync(join(at, '.git')) || at === dirname(at)) return undefined;
  }
}

function notRequired(directory: string, {framework = '', from}: Application): Error {
  return problem({
    code: 'framework_missing',
    what: `${from} is of ${framework}, and no requirement names ${framework.toLowerCase()}`,
    fix: installFix({cwd: directory}, framework.toLowerCase()),
    exitCode: exitCode.badData,
  });
}

function frameworkFact(required: string, {framework, from, kind}: Application, manifest = from): Fact {
  if (framework === undefined) return {what: `a Python service (${kind.toUpperCase()})`, from};
  const name = framework.toLowerCase();
  // `flask==3.1`, `flask (>=3.1)`, `flask = "^3.1"`
  const pinned = new RegExp(
    `(?:^|["'])${name}(?:\\[[^\\]]*\\])?\\s*(?:\\(|=\\s*["'])?(?:[=~>]=|[\\^~])\\s*([\\d.]+)`,
    'im',
  ).exec(required)?.[1];
  const locked = new RegExp(`name = "${name}"\\nversion = "([\\d.]+)`).exec(required)?.[1];
  return {what: `${framework} ${shortVersion(locked ?? pinned ?? '')}`.trim(), from: manifest};
}

function noServer(directory: string, {kind}: Application): Undecided {
  const name = kind === 'asgi' ? 'uvicorn' : 'gunicorn';
  return {what: `no server among the requirements`, write: installFix({cwd: directory}, name)};
}

function checksFact(directory: string): readonly Fact[] {
  const names = checkerNames(directory);
  return names.length === 0 ? [] : [{what: `checks: ${names.join(', ')}`}];
}

function testFacts(directory: string, required: string): readonly Fact[] {
  const others = otherSuites(directory);
  const own = testFact(directory, required);
  if (others.length === 0) return [own];
  return [own, {what: `${others.join(' and ')}: left to a task of tasks.ts`}];
}

function testFact(directory: string, required: string): Fact {
  const has =
    sourceFiles(directory, /^(?:test_.*|.*_test|tests)\.py$/, 1).length > 0 || existsSync(join(directory, 'tests'));
  if (!has && !existsSync(join(directory, 'test'))) return {what: 'no tests'};
  if (requires(required, 'pytest')) return {what: 'tests: pytest'};
  return {what: existsSync(join(directory, 'manage.py')) ? "tests: Django's runner" : 'tests: unittest'};
}

/** Settings of Django that refuse every request of the users. */
function djangoNotes(directory: string): readonly Undecided[] {
  if (!existsSync(join(directory, 'manage.py'))) return [];
  const settings = sourceFiles(directory, /^(?:settings|base|production|prod)\.py$/, 8)
    .map((file) => readText(file) ?? '')
    .join('\n');
  if (!/^DEBUG\s*=\s*False/m.test(settings) || !/^ALLOWED_HOSTS\s*=\s*\[\s*\]/m.test(settings)) return [];
  return [
    {
      what: 'ALLOWED_HOSTS is empty: Django refuses every request',
      write: "settings: ALLOWED_HOSTS = ['shop.example.com']",
    },
  ];
}
