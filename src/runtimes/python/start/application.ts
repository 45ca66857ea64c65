import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, problem} from '../../../errors.ts';
import {readText} from '../../../text/file.ts';
import {pyprojectTexts} from '../pyproject.ts';
import {requires} from '../requirements.ts';
import type {OwnServer} from './own.ts';

/** The application of a Python service. */
export interface Application {
  /** `package.module:variable`, or `package.module:create_app()` for a factory. */
  readonly module: string;
  readonly kind: 'wsgi' | 'asgi';
  /** Where that is said, or the file that has it. */
  readonly from: string;
  /** `Flask`, `FastAPI`, ... as far as the file shows it. */
  readonly framework?: string | undefined;
}

const files = ['app.py', 'main.py', 'wsgi.py', 'server.py', 'asgi.py', 'api.py', 'application.py'];
const notPackages =
  /^(?:tests?|docs?|scripts?|examples?|migrations|alembic|node_modules|venv|env|build|dist|static|templates|e2e|bin|tools|site)$/;

/** Frameworks by the call that makes an application. */
const asgiFrameworks = /\b(FastAPI|Starlette|Litestar|Quart|BlackSheep|Esmerald)\(/;
const wsgiFrameworks = /\b(Flask|Bottle|Falcon|Pyramid|APIFlask|OpenAPI)\(/;

/**
 * The applications that the files of a service show: those of the first place that has any. Several are two candidates.
 * @param asgi whether an ASGI application is wanted, if there are both
 */
export function findApplications(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
  asgi: boolean,
): readonly Application[] {
  const places = [
    () => fastapiEntry(directory),
    () => namedByVariable(directory, env),
    () => inFiles(directory, '').slice(0, 1),
    () => django(directory, asgi),
    () => inPackages(directory, ''),
    () => inPackages(directory, 'src'),
  ];
  for (const place of places) {
    const found = place();
    if (found.length > 0) return found;
  }
  return [];
}

/** `[tool.fastapi] entrypoint = "app.main:app"` of pyproject.toml. */
function fastapiEntry(directory: string): readonly Application[] {
  const module = pyprojectTexts(directory, 'tool.fastapi')['entrypoint'];
  if (module === undefined) return [];
  return [{module, kind: 'asgi', from: '[tool.fastapi] of pyproject.toml', framework: 'FastAPI'}];
}

/** FLASK_APP and LITESTAR_APP, also of .flaskenv. */
function namedByVariable(directory: string, env: Readonly<Record<string, string | undefined>>): readonly Application[] {
  const flaskenv = readText(join(directory, '.flaskenv')) ?? '';
  const inFile = /^\s*(?:export\s+)?FLASK_APP\s*=\s*["']?([^\s"'#]+)/m.exec(flaskenv)?.[1];
  const litestar = env['LITESTAR_APP'];
  if (litestar !== undefined && litestar !== '')
    return [{module: litestar, kind: 'asgi', from: 'LITESTAR_APP', framework: 'Litestar'}];
  const named = env['FLASK_APP'] ?? inFile;
  if (named === undefined || named === '') return [];
  const from = env['FLASK_APP'] === undefined ? '.flaskenv' : 'FLASK_APP';
  const [path = '', variable] = named.replace(/\.py$/, '').split(':');
  const name = path.replaceAll('/', '.').replace(/\.py$/, '');
  if (variable !== undefined) return [{module: `${name}:${variable}`, kind: 'wsgi', from, framework: 'Flask'}];
  const [text] = [`${path}.py`, `${path}/__init__.py`].flatMap((file) => readText(join(directory, file)) ?? []);
  const found = text === undefined ? undefined : variableIn(text);
  return found === undefined ? [] : [{module: `${name}:${found}`, kind: 'wsgi', from, framework: 'Flask'}];
}

/** `mysite.wsgi:application`, for a manage.py with the settings `mysite.settings`. */
function django(directory: string, asgi: boolean): readonly Application[] {
  const manage = readText(join(directory, 'manage.py'));
  if (manage === undefined) return [];
  const settings = /DJANGO_SETTINGS_MODULE['"],\s*['"]([\w.]+)['"]/.exec(manage)?.[1];
  const parts = settings?.split('.') ?? [];
  // `config.settings.production` is beside config/wsgi.py.
  for (let length = parts.length - 1; length > 0; length--)
    for (const kind of asgi ? (['asgi', 'wsgi'] as const) : (['wsgi', 'asgi'] as const)) {
      const module = [...parts.slice(0, length), kind];
      if (existsSync(`${join(directory, ...module)}.py`))
        return [{module: `${module.join('.')}:application`, kind, from: 'manage.py', framework: 'Django'}];
    }
  return [];
}

/** The applications in the usual files of a directory, the most usual first. */
function inFiles(directory: string, path: string): readonly Application[] {
  const parent = path.replace(/^src\/?/, '').replaceAll('/', '.');
  return [...files, '__init__.py'].flatMap((file): readonly Application[] => {
    const text = readText(join(directory, path, file));
    const variable = text === undefined ? undefined : variableIn(text);
    if (text === undefined || variable === undefined) return [];
    const name = file === '__init__.py' ? '' : file.slice(0, -3);
    const module = [parent, name].filter((part) => part !== '').join('.');
    if (module === '') return [];
    const from = path === '' ? file : `${path}/${file}`;
    return [{module: `${module}:${variable}`, from, ...kindOf(directory, file, text)}];
  });
}

/** In each package, its first application. */
function inPackages(directory: string, path: string): readonly Application[] {
  return names(join(directory, path))
    .filter((name) => !notPackages.test(name) && /^[A-Za-z_]\w*$/.test(name))
    .flatMap((name) => inFiles(directory, path === '' ? name : `${path}/${name}`).slice(0, 1));
}

function names(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, {withFileTypes: true});
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({name}) => name)
      .toSorted();
  } catch {
    return [];
  }
}

/** `app`, `application`, or a call of a factory whose parameters all have defaults. */
function variableIn(text: string): string | undefined {
  const variable = /^(?:(?:async )?def )?(app|application)\s*[:=(]/m.exec(text)?.[1];
  if (variable !== undefined) return variable;
  const [, factory, parameters = ''] = /^def (create_app|make_app|create_application)\(([^)]*)\)/m.exec(text) ?? [];
  if (factory === undefined) return undefined;
  const needed = parameters.split(',').filter((one) => one.trim() !== '' && !/[=*]/.test(one));
  return needed.length === 0 ? `${factory}()` : undefined;
}

type Kind = Pick<Application, 'kind' | 'framework'>;

/** What a file shows about the application in it, by the framework that it uses. */
function shownKind(text: string): Kind | undefined {
  const asgi = asgiFrameworks.exec(text)?.[1] ?? /get_asgi_application/.exec(text)?.[0];
  if (asgi !== undefined) return {kind: 'asgi', framework: asgi === 'get_asgi_application' ? 'Django' : asgi};
  const wsgi = wsgiFrameworks.exec(text)?.[1] ?? /get_wsgi_application/.exec(text)?.[0];
  if (wsgi !== undefined) return {kind: 'wsgi', framework: wsgi === 'get_wsgi_application' ? 'Django' : wsgi};
  return undefined;
}

function kindOf(directory: string, file: string, text: string): Kind {
  const shown = shownKind(text);
  if (shown !== undefined) return shown;
  return plainKind(text, 'app(?:lication)?', file) ?? declaredKind(directory);
}

/** The kind of a callable without a framework, by its parameters, or by the name of its file. */
function plainKind(text: string, variable: string, file: string): Kind | undefined {
  if (new RegExp(`^async def ${variable}\\(\\s*scope`, 'm').test(text) || file === 'asgi.py') return {kind: 'asgi'};
  return new RegExp(`^def ${variable}\\(\\s*env`, 'm').test(text) ? {kind: 'wsgi'} : undefined;
}

/** For an application that another module makes: by what the service requires. */
function declaredKind(directory: string): Kind {
  const required = ['pyproject.toml', 'requirements.txt', 'requirements.in', 'Pipfile']
    .map((name) => readText(join(directory, name)) ?? '')
    .join('\n');
  const framework = (['Flask', 'FastAPI', 'Starlette', 'Litestar', 'Quart', 'Django'] as const).find((name) =>
    requires(required, name),
  );
  if (framework === undefined) return {kind: 'wsgi'};
  return {kind: framework === 'Flask' || framework === 'Django' ? 'wsgi' : 'asgi', framework};
}

/** The kind of a module that is named, as far as its file shows a framework, or the parameters of the callable. */
export function kindOfModule(directory: string, module: string): Kind | undefined {
  const [name = '', variable = 'app'] = module.split(':');
  const path = name.replaceAll('.', '/');
  const [text] = ['', 'src/']
    .flatMap((root) => [`${root}${path}.py`, `${root}${path}/__init__.py`])
    .flatMap((file) => readText(join(directory, file)) ?? []);
  if (text === undefined) return undefined;
  return shownKind(text) ?? plainKind(text, variable.replaceAll(/\W/g, ''), `${path.split('/').at(-1)}.py`);
}

/** The application that the service's own files name for their server. */
export function ownApplication(
  directory: string,
  {module, server, from, moduleFrom = from}: OwnServer,
): Application | undefined {
  if (module === undefined) return undefined;
  const {framework} = declaredKind(directory);
  const kind = server === 'uvicorn' ? 'asgi' : 'wsgi';
  return {module, kind, from: moduleFrom, framework, ...kindOfModule(directory, module)};
}

/** @throws Problem `no_server_module` (exit code 65) */
export function oneApplication(found: readonly Application[]): Application {
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  throw problem({
    code: 'no_server_module',
    what:
      first === undefined
        ? `no application to serve: no \`app\` in ${files.slice(0, 5).join(', ')}`
        : `${found.length} applications could be served: ${found.map(({module}) => module).join(' and ')}`,
    fix: `name it in pyproject.toml: [tool.entrypoint] module = "${first?.module ?? 'package.module:app'}", or with --module or ENTRYPOINT_RUN_MODULE`,
    exitCode: exitCode.badData,
  });
}
