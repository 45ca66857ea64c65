import {exitCode, problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import {pyprojectTexts} from './pyproject.ts';
import {hasPythonPackage, installFix} from './service.ts';

/**
 * What `async` means for a Python service: gunicorn's own ASGI worker where pyproject.toml names an `asgi_module`,
 * else green threads, which any WSGI application can be served in.
 * @throws Problem `no_async_worker` (exit code 69)
 */
export function asyncClass(place: Pick<Context, 'cwd' | 'env'>): string {
  if (pyprojectTexts(place.cwd, 'tool.entrypoint')['asgi_module'] !== undefined) return 'asgi';
  if (hasPythonPackage(place, 'gevent')) return 'gevent';
  throw problem({
    code: 'no_async_worker',
    what: 'the worker class async needs an ASGI application or gevent, and the service has neither',
    fix: `name asgi_module in pyproject.toml, or ${installFix(place, 'gunicorn[gevent]')}`,
    exitCode: exitCode.unavailable,
  });
}
