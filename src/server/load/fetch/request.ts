import type {IncomingMessage, ServerResponse} from 'node:http';
import {Readable} from 'node:stream';
import {hasLeft} from '../../requests/failure.ts';
import {onResponseEnd} from '../../requests/response-end.ts';
import {bodyStream, clientLeft, empty, hasBody, readBody} from './body.ts';
import {urlOf} from './target.ts';

/** Node's own class, before `replaceGlobals`. */
export const NativeRequest = globalThis.Request;

/**
 * A `Request` that becomes one of undici's only when a handler needs more than its method, URL, headers, signal and body:
 * to build that costs more than all the rest of a small request.
 */
class IncomingRequest {
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;
  readonly #origin: string;
  #url: string | undefined;
  #headers: Headers | undefined;
  #controller: AbortController | undefined;
  /** Undefined: the handler has not asked for it yet. */
  #body: ReadableStream<Uint8Array> | null | undefined;
  /** Whether the body was read without a stream. */
  #used = false;
  #native: Request | undefined;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, origin: string) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#origin = origin;
  }

  /** Undici's own request instead of ours, for `fetch(request)` and `new Request(request)`; any other value as it is. */
  static native(value: unknown): unknown {
    return typeof value === 'object' && value !== null && #incoming in value ? value.#toNative() : value;
  }

  get method(): string {
    return this.#incoming.method ?? 'GET';
  }

  get url(): string {
    return (this.#url ??= urlOf(this.#incoming, this.#origin) ?? '');
  }

  get headers(): Headers {
    return (this.#headers ??= this.#native?.headers ?? headersOf(this.#incoming.rawHeaders));
  }

  /** Aborts when the client leaves before the response is complete, and never otherwise. */
  get signal(): AbortSignal {
    if (this.#native !== undefined) return this.#native.signal;
    if (this.#controller === undefined) {
      const controller = (this.#controller = new AbortController());
      const check = (): void => {
        if (hasLeft(this.#incoming, this.#outgoing)) controller.abort(clientLeft());
      };
      check();
      if (!controller.signal.aborted) onResponseEnd(this.#incoming, this.#outgoing, check);
    }
    return this.#controller.signal;
  }

  /** Null without a body, so also for a POST whose Content-Length is 0. */
  get body(): ReadableStream<Uint8Array> | null {
    if (this.#native !== undefined) return this.#native.body as ReadableStream<Uint8Array> | null;
    this.#body ??= hasBody(this.#incoming) ? (this.#used ? spent() : bodyStream(this.#incoming, this.#outgoing)) : null;
    return this.#body;
  }

  get bodyUsed(): boolean {
    if (this.#used) return true;
    if (this.#native !== undefined) return this.#native.bodyUsed;
    return this.#body !== undefined && this.#body !== null && Readable.isDisturbed(this.#body as never);
  }

  text(): Promise<string> {
    return this.#read(decode);
  }

  json(): Promise<unknown> {
    return this.#read(parse);
  }

  bytes(): Promise<Uint8Array> {
    return this.#read((bytes) => new Uint8Array(bytes));
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#read((bytes) => new Uint8Array(bytes).buffer);
  }

  blob(): Promise<Blob> {
    const type = this.headers.get('content-type') ?? '';
    return this.#read((bytes) => new Blob([new Uint8Array(bytes)], {type}));
  }

  formData(): Promise<FormData> {
    const type = this.headers.get('content-type') ?? '';
    return this.#read((bytes) =>
      new NativeResponse(new Uint8Array(bytes), {headers: {'content-type': type}}).formData(),
    );
  }

  clone(): Request {
    if (this.bodyUsed) throw new TypeError('Request.clone: Body has already been consumed.');
    return this.#toNative().clone();
  }

  #read<T>(decodeBody: (bytes: Buffer) => T | Promise<T>): Promise<T> {
    if (this.bodyUsed || this.#body?.locked === true)
      return Promise.reject(new TypeError('Body is unusable: Body has already been read'));
    const stream = this.#native ?? (this.#body === undefined || this.#body === null ? undefined : this.#body);
    if (stream !== undefined) {
      const source = stream === this.#native ? stream : new NativeResponse(stream as ReadableStream);
      return source.arrayBuffer().then((bytes) => decodeBody(Buffer.from(bytes)));
    }
    if (!hasBody(this.#incoming)) return Promise.resolve(empty).then(decodeBody);
    this.#used = true;
    return readBody(this.#incoming, decodeBody) as Promise<T>;
  }

  #toNative(): Request {
    if (this.#native !== undefined) return this.#native;
    const {url, method, headers, signal} = this;
    if (this.#used) throw new TypeError('Cannot construct a Request with a Request object that has already been used.');
    const {body} = this;
    this.#native = new NativeRequest(url, {method, headers, signal, ...(body === null ? {} : {body, duplex: 'half'})});
    [this.#headers, this.#body] = [undefined, undefined];
    return this.#native;
  }
}

const NativeResponse = globalThis.Response;

Object.setPrototypeOf(IncomingRequest.prototype, NativeRequest.prototype);
// The rest, such as `redirect` and `mode`: undici's accessors work only on its own objects.
for (const name of Object.getOwnPropertyNames(NativeRequest.prototype)) {
  if (Object.hasOwn(IncomingRequest.prototype, name)) continue;
  Object.defineProperty(IncomingRequest.prototype, name, {
    configurable: true,
    enumerable: true,
    get(this: IncomingRequest) {
      return Reflect.get(IncomingRequest.native(this) as object, name) as unknown;
    },
  });
}

/**
 * The request of a fetch handler, for one of node:http.
 * @param origin @see validOrigin
 */
export function incomingRequest(incoming: IncomingMessage, outgoing: ServerResponse, origin: string): Request {
  return new IncomingRequest(incoming, outgoing, origin) as unknown as Request;
}

/** @see IncomingRequest.native */
export const nativeRequest = IncomingRequest.native;

/** UTF-8 without a byte order mark, as Fetch decodes it. */
function decode(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function parse(bytes: Buffer): unknown {
  return JSON.parse(decode(bytes)) as unknown;
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) headers.append(raw[index] as string, raw[index + 1] as string);
  return headers;
}

/** The `body` of a request whose body was read with a method such as `json`: locked and empty. */
function spent(): ReadableStream<Uint8Array> {
  const stream = new ReadableStream<Uint8Array>({start: (controller) => controller.close()});
  stream.getReader();
  return stream;
}
