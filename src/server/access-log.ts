import type {IncomingMessage, ServerResponse} from 'node:http';
import {atomsLine} from './access-atoms.ts';
import {lineBuffer} from './line-buffer.ts';
import type {LineBuffer} from './line-buffer.ts';
import {identityOf} from './request-id.ts';
import type {Ended} from './requests.ts';

/** What a line can tell of a request that ended. */
export interface Entry {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly milliseconds: number;
  readonly aborted: boolean;
}

export interface AccessLog {
  readonly ended: Ended;
  readonly flush: () => void;
  readonly dropped: () => number;
}

/**
 * One line a request, when it has ended, in batches.
 * @param format `json`, or a line of gunicorn's atoms
 */
export function accessLog(format: string, buffer: LineBuffer = lineBuffer()): AccessLog {
  const line = format === 'json' ? jsonLine : atomsLine(format);
  return {
    ended: (request, response, milliseconds, aborted) => buffer.add(line({request, response, milliseconds, aborted})),
    flush: buffer.flush,
    dropped: buffer.dropped,
  };
}

// The same fields as those of a Python service (entrypoint_logging.py). The query and headers may hold secrets.
function jsonLine({request, response, milliseconds, aborted}: Entry): string {
  const {method = '', url = '', socket} = request;
  const {id, parent} = identityOf(request);
  const query = url.indexOf('?');
  return `{"time":"${now()}","level":"info","event":"request","method":"${method}","path":${quoted(query === -1 ? url : url.slice(0, query))},`
    + `"status":${aborted ? 499 : response.statusCode},"bytes":${bodyBytes(response)},"ms":${Math.round(milliseconds * 1000) / 1000},"client":${quoted(clientOf(socket))},"pid":${process.pid}`
    + `${id === undefined ? '' : `,"request_id":${quoted(id)}`}${parent === undefined ? '' : `,"trace_id":"${parent.slice(3, 35)}"`}}`;
}

let second = 0;
let secondText = '';

/** The time in milliseconds; all but those is made once a second. */
function now(): string {
  const time = Date.now();
  const milliseconds = time % 1000;
  if (time - milliseconds !== second) {
    second = time - milliseconds;
    secondText = new Date(second).toISOString().slice(0, 20);
  }
  return `${secondText}${milliseconds < 100 ? (milliseconds < 10 ? '00' : '0') : ''}${milliseconds}Z`;
}

// One event, one line below what log drivers and pipes keep in one piece.
const longest = 2048;
const harmless = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  const short = text.length > longest ? `${text.slice(0, longest)}...` : text;
  return harmless.test(short) ? `"${short}"` : JSON.stringify(short);
}

type Known = IncomingMessage['socket'] & {[address]?: string};
const address = Symbol('address');

/** The address of a connection: asked once, and gone when it is closed. */
export function clientOf(socket: IncomingMessage['socket']): string {
  return (socket as Known)[address] ??= socket.remoteAddress ?? '';
}

/** Bytes of the body, as far as node:http knows them: told by the service, or known since it was sent in one piece. */
export function bodyBytes(response: ServerResponse): number {
  const told = response.getHeader('content-length') ?? (response as {_contentLength?: number | null})['_contentLength'];
  return told === undefined || told === null ? 0 : Number(told);
}
