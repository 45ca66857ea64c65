import type {IncomingMessage, ServerResponse} from 'node:http';
import {serviceStack} from '../process/frames.ts';
import {serverLog} from '../process/log.ts';

/** What clients get for an error of the service: its own text can hold secrets. */
const answer = 'Internal Server Error\n';

const maxCauses = 5;

/** Errors with which streams and `fetch` report that the client has left. */
const abortCodes: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'ECANCELED',
  'EPIPE',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ABORT_ERR',
]);

/**
 * Ends one request whose handler has failed: logs the error once as `request_failed`, and responds with 500 while that is
 * possible; otherwise it cuts the connection, which tells the client that the response is incomplete. An error that only
 * says that the client has left is not logged.
 * @param fix what to do about it, if the error alone does not say so
 */
export function failRequest(error: unknown, request: IncomingMessage, response: ServerResponse, fix?: string): void {
  if (hasLeft(request, response) && isAbort(error)) return;
  logFailure(error, request, fix);
  if (response.writableEnded) return;
  // What was written before still goes out, then the connection is cut.
  if (response.headersSent) return void setImmediate(() => response.destroy());
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response
    .writeHead(500, ['content-type', 'text/plain', 'content-length', String(answer.length)])
    .end(request.method === 'HEAD' ? undefined : answer);
}

/** Logs that a request failed, without responding to it. */
export function logFailure(error: unknown, {method, url = ''}: IncomingMessage, fix?: string): void {
  const stack = stackOf(error);
  const log = serverLog();
  log('error', 'request_failed', {
    method,
    // A query can hold secrets.
    path: url.split('?', 1)[0],
    message: messageOf(error),
    ...(fix === undefined ? {} : {fix}),
    ...(stack === undefined ? {} : {stack}),
  });
}

/** Whether the client has left before the response was complete. */
export function hasLeft(request: IncomingMessage, response: ServerResponse): boolean {
  // `pipeline` sets the socket of a request to null when it fails.
  return (
    !response.writableFinished &&
    (response.destroyed || (request.socket as {destroyed: boolean} | null)?.destroyed === true)
  );
}

function isAbort(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const {name, code} = error as {name?: unknown; code?: unknown};
  return name === 'AbortError' || abortCodes.has(code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** The frames of the service in the stack of an error and of its causes; undefined if there are none. */
function stackOf(error: unknown): string | undefined {
  const stacks: string[] = [];
  for (let each = error; each instanceof Error && stacks.length < maxCauses; each = each.cause)
    stacks.push(serviceStack(each.stack ?? messageOf(each)));
  const text = stacks.join('\ncaused by: ');
  // One that the server throws about a wrong response says all in its message.
  return stacks.length > 1 || /\n\s+at /.test(text) ? text : undefined;
}
