import {exitCode, problem} from '../../../errors.ts';
import type {Context} from '../../../task.ts';
import {hasPythonPackage, installFix} from '../program.ts';
import {pyprojectTexts} from '../pyproject.ts';
import {type Application, findApplications, kindOfModule, oneApplication} from './application.ts';

/**
 * The application to serve: `module` below [tool.entrypoint] in pyproject.toml (for ASGI workers `asgi_module`,
 * if it is set), or what the service's files show: [tool.fastapi], FLASK_APP, `app` or `application` in a usual file, the
 * Django project of manage.py, or one in a package.
 * @throws Problem `no_server_module` (exit code 65), also for two candidates
 */
export function findModule({cwd, env}: Pick<Context, 'cwd' | 'env'>, asgi: boolean): Application {
  const declared = pyprojectTexts(cwd, 'tool.entrypoint');
  const from = '[tool.entrypoint] of pyproject.toml';
  const own = asgi ? declared['asgi_module'] : undefined;
  if (own !== undefined) return {module: own, kind: 'asgi', from};
  const module = declared['module'];
  if (module !== undefined) return {module, kind: asgi ? 'asgi' : 'wsgi', ...kindOfModule(cwd, module), from};
  return oneApplication(findApplications(cwd, env, asgi));
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
