import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import {hasPythonPackage, installFix} from './program.ts';
import {pyprojectTexts} from './pyproject.ts';

const usualFiles = ['app.py', 'main.py', 'wsgi.py', 'server.py', 'asgi.py'];

/**
 * The application to serve, as `package.module:variable`: `given`, or `module` below [tool.entrypoint] in
 * pyproject.toml (for ASGI workers `asgi_module`, if it is set), or `app` or `application` in a usual file, or that of
 * the Django project of manage.py.
 * @throws Problem `no_server_module` (exit code 65)
 */
export function findModule(directory: string, given: string | undefined, asgi: boolean): string {
  const declared = pyprojectTexts(directory, 'tool.entrypoint');
  const found =
    given ??
    (asgi ? declared['asgi_module'] : undefined) ??
    declared['module'] ??
    usualModule(directory) ??
    djangoModule(directory, asgi);
  if (found !== undefined) return found;
  throw problem({
    code: 'no_server_module',
    what: `no application to serve: no \`app\` in ${usualFiles.join(', ')}`,
    fix: 'name it in pyproject.toml: [tool.entrypoint] module = "package.module:app", or with --module or APP_MODULE',
    exitCode: exitCode.badData,
  });
}

function usualModule(directory: string): string | undefined {
  for (const file of usualFiles) {
    const path = join(directory, file);
    const variable = existsSync(path)
      ? /^(?:(?:async )?def )?(app|application)\s*[:=(]/m.exec(readFileSync(path, 'utf8'))?.[1]
      : undefined;
    if (variable !== undefined) return `${file.slice(0, -3)}:${variable}`;
  }
  return undefined;
}

/** `mysite.wsgi:application`, for a manage.py with the settings `mysite.settings`. */
function djangoModule(directory: string, asgi: boolean): string | undefined {
  const manage = join(directory, 'manage.py');
  if (!existsSync(manage)) return undefined;
  const settings = /DJANGO_SETTINGS_MODULE['"],\s*['"]([\w.]+)['"]/.exec(readFileSync(manage, 'utf8'))?.[1];
  const parts = settings?.split('.') ?? [];
  const kinds = asgi ? ['asgi', 'wsgi'] : ['wsgi'];
  // `config.settings.production` is beside config/wsgi.py.
  for (let length = parts.length - 1; length > 0; length--)
    for (const kind of kinds) {
      const module = [...parts.slice(0, length), kind];
      if (existsSync(`${join(directory, ...module)}.py`)) return `${module.join('.')}:application`;
    }
  return undefined;
}

/**
 * The worker class `async` of a Python service: gunicorn's own ASGI worker where pyproject.toml names an
 * `asgi_module`, else gevent, which serves any WSGI application.
 * @throws Problem `no_async_worker` (exit code 69)
 */
export function asyncClass(context: Pick<Context, 'cwd' | 'env'>): string {
  if (pyprojectTexts(context.cwd, 'tool.entrypoint')['asgi_module'] !== undefined) return 'asgi';
  if (hasPythonPackage(context, 'gevent')) return 'gevent';
  throw problem({
    code: 'no_async_worker',
    what: 'the worker class async needs an ASGI application or gevent; the service has neither',
    fix: `name asgi_module in pyproject.toml, or ${installFix(context, 'gunicorn[gevent]')}`,
    exitCode: exitCode.unavailable,
  });
}
