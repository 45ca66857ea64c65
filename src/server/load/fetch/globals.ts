import {NativeRequest, nativeRequest} from './request.ts';
import {NativeResponse, Response} from './response.ts';

/**
 * Replaces `Request`, `Response` and `fetch` by ones that know the server's own objects and otherwise do what undici's do.
 * Called only for a service with a fetch handler. A service that has replaced them itself keeps its own.
 */
export function replaceGlobals(): void {
  if (globalThis.Request !== NativeRequest || globalThis.Response !== NativeResponse) return;
  if (Object.getPrototypeOf(NativeResponse) !== Function.prototype) return;
  const {fetch} = globalThis;
  define('Response', Response);
  define('Request', Request);
  define('fetch', (input: Parameters<typeof fetch>[0], init: Parameters<typeof fetch>[1]) =>
    fetch(nativeRequest(input) as typeof input, init),
  );
}

function define(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, {value, writable: true, configurable: true, enumerable: name === 'fetch'});
}

function Request(input: unknown, init?: unknown): Request {
  if (new.target === undefined) throw new TypeError("Class constructor Request cannot be invoked without 'new'");
  return Reflect.construct(
    NativeRequest,
    [nativeRequest(input), init],
    (new.target as unknown) === Request ? NativeRequest : (new.target as unknown as typeof NativeRequest),
  ) as Request;
}
Request.prototype = NativeRequest.prototype;
Object.setPrototypeOf(Request, NativeRequest);
