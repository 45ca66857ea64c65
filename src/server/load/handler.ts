import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import {failRequest} from '../requests/failure.ts';
import type {FetchHandler} from './fetch/listener.ts';
import {isFetchText, takesMore} from './handler-kind.ts';

type NodeHandler = (request: IncomingMessage, response: ServerResponse) => unknown;

/**
 * Makes a function a listener, whichever kind of handler it is. One that takes fewer than two arguments gets a
 * `Request`, and so does one whose text shows that it takes one. Any other is called with node:http's pair first, and is a
 * fetch handler if it returns a `Response`, or fails because it takes the first argument for a `Request`; from then on, it
 * gets one.
 */
export async function handlerListener(handler: (...words: never[]) => unknown): Promise<RequestListener> {
  const text = Function.prototype.toString.call(handler);
  const isNode = (handler.length >= 2 || takesMore(text)) && !isFetchText(text);
  if (isNode) return nodeListener(handler as NodeHandler, handler as FetchHandler);
  const {fetchListener} = await import('./fetch/listener.ts');
  return fetchListener(handler as FetchHandler);
}

/**
 * A `(request, response)` handler. One that throws or rejects costs its own request only.
 * @param otherwise the same function as a fetch handler, if it can be one
 */
export function nodeListener(handler: NodeHandler, otherwise?: FetchHandler): RequestListener {
  let fetching: RequestListener | undefined;
  // A handler that has done without a `Request` once needs none.
  let proven = otherwise === undefined;
  const asFetch = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const {fetchListener} = await import('./fetch/listener.ts');
    fetching ??= fetchListener(otherwise as FetchHandler);
    fetching(request, response);
  };
  const settle = (result: unknown, request: IncomingMessage, response: ServerResponse): void => {
    if (otherwise !== undefined && isTagged(result, 'Response')) void send(result, request, response);
    else proven = true;
  };
  const send = async (result: unknown, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const {fetchListener} = await import('./fetch/listener.ts');
    fetching ??= fetchListener(otherwise as FetchHandler);
    (await import('./fetch/send.ts')).sendResponse(result, request, response);
  };
  const fail = (error: unknown, request: IncomingMessage, response: ServerResponse): void => {
    if (!proven && !response.headersSent && expectsRequest(error, request)) void asFetch(request, response);
    else failRequest(error, request, response);
  };
  return (request, response) => {
    if (fetching !== undefined) return fetching(request, response);
    try {
      const result = handler(request, response);
      if (result === undefined) proven = true;
      else if (result instanceof Promise)
        result.then(
          (value) => settle(value, request, response),
          (error: unknown) => fail(error, request, response),
        );
      else settle(result, request, response);
    } catch (error) {
      fail(error, request, response);
    }
  };
}

/** How a handler fails that takes node:http's pair for a `Request` and its info. */
const missing =
  /\.(?:get|has|json|text|formData|arrayBuffer|bytes|blob|clone|getReader) is not a function$|of undefined \(reading '(?:socket|hostname)'\)$/;

/** Whether a handler has failed because it got no `Request`: its URL was not absolute, or it lacked something of Fetch. */
function expectsRequest(error: unknown, {url}: IncomingMessage): boolean {
  if (!(error instanceof TypeError)) return false;
  const {code, input} = error as {code?: unknown; input?: unknown};
  if (code === 'ERR_INVALID_URL') return input === url;
  return missing.test(error.message);
}

function isTagged(value: unknown, tag: string): boolean {
  return typeof value === 'object' && value !== null && Reflect.get(value, Symbol.toStringTag) === tag;
}

/** Whether a function is a plugin of fastify, which needs an app to be registered in. */
export function isFastifyPlugin(exported: unknown): boolean {
  if (typeof exported !== 'function') return false;
  if (Symbol.for('plugin-meta') in exported || Symbol.for('skip-override') in exported) return true;
  return /^(?:async\s+)?(?:function\b[^(]*)?\(?\s*fastify\b/.test(Function.prototype.toString.call(exported));
}
