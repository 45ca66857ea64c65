import {contentType, headOfType, type PlainHead, plainHeadOf, plainValue} from './plain-head.ts';

/** Node's own class, before `replaceGlobals`. */
export const NativeResponse = globalThis.Response;

type Init = ConstructorParameters<typeof NativeResponse>[1];
type Body = ConstructorParameters<typeof NativeResponse>[0];
type Text = string | Uint8Array<ArrayBuffer>;

const textType = 'text/plain;charset=UTF-8';
const jsonType = 'application/json';

/**
 * A `Response` whose body is text or bytes, with the prototype of undici's. Undici makes a web stream of such a body, and
 * objects for state and headers, which together cost as much CPU as the rest of a small request; here, each is made when
 * something asks for it.
 */
class TextResponse {
  readonly #text: Text;
  readonly status: number;
  readonly statusText: string;
  readonly #head: PlainHead;
  #headers: Headers | undefined;
  #used = false;
  /** Has the body as a stream, once that was asked for. */
  #streamed: Response | undefined;

  constructor(text: Text, status: number, statusText: string, head: PlainHead) {
    this.#text = text;
    this.status = status;
    this.statusText = statusText;
    this.#head = head;
  }

  /** Text or bytes that are complete and not read yet, which counts as reading them; undefined otherwise. */
  static take(response: object): Text | undefined {
    if (!(#text in response) || response.#used || response.#streamed !== undefined) return undefined;
    response.#used = true;
    return response.#text;
  }

  /** The headers; undefined if something has asked for them, and for any other response. */
  static head(response: object): PlainHead | undefined {
    return #text in response && response.#headers === undefined ? response.#head : undefined;
  }

  get headers(): Headers {
    if (this.#headers !== undefined) return this.#headers;
    const headers = new Headers();
    const {fields} = this.#head;
    for (let index = 0; index < fields.length; index += 2)
      headers.append(fields[index] as string, fields[index + 1] as string);
    this.#headers = headers;
    return headers;
  }

  get ok(): boolean {
    return this.status < 300;
  }

  get redirected(): boolean {
    return false;
  }

  get type(): Response['type'] {
    return 'default';
  }

  get url(): string {
    return '';
  }

  get body(): Response['body'] {
    return this.#stream.body;
  }

  get bodyUsed(): boolean {
    return this.#used || this.#streamed?.bodyUsed === true;
  }

  text(): Promise<string> {
    return this.#read((stream) => stream.text());
  }

  json(): Promise<unknown> {
    return this.#read((stream) => stream.json());
  }

  bytes(): ReturnType<Response['bytes']> {
    return this.#read((stream) => stream.bytes());
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#read((stream) => stream.arrayBuffer());
  }

  blob(): ReturnType<Response['blob']> {
    return this.#read((stream) => stream.blob());
  }

  formData(): ReturnType<Response['formData']> {
    return this.#read((stream) => stream.formData());
  }

  clone(): Response {
    if (this.bodyUsed || this.#streamed?.body?.locked === true)
      throw new TypeError('Response.clone: Body has already been consumed.');
    const init = this as unknown as Response;
    return this.#streamed === undefined
      ? textResponse(this.#text, init, undefined)
      : new NativeResponse(this.#streamed.clone().body, init);
  }

  get #stream(): Response {
    this.#streamed ??= new NativeResponse(this.#text, {headers: {[contentType]: this.headers.get(contentType) ?? ''}});
    return this.#streamed;
  }

  async #read<T>(read: (stream: Response) => Promise<T>): Promise<T> {
    if (this.bodyUsed) throw new TypeError('Body is unusable: Body has already been read');
    return read(this.#stream);
  }
}

Object.setPrototypeOf(TextResponse.prototype, NativeResponse.prototype);

/** @see TextResponse.take */
export const takeText = TextResponse.take;

/** @see TextResponse.head */
export const headOf = TextResponse.head;

/**
 * A response with text or bytes: ours if everything about it is plain, else undici's, which judges the rest.
 * @param type Content-Type, if `init` has none
 */
function textResponse(text: Text, init: Init, type: string | undefined): Response {
  if (init === undefined || init === null)
    return new TextResponse(text, 200, '', headOfType(type)) as unknown as Response;
  const {status = 200, statusText = '', headers} = init;
  if (isPlainStatus(status) && (statusText === '' || (typeof statusText === 'string' && plainValue.test(statusText)))) {
    const head = headers === undefined || headers === null ? headOfType(type) : plainHeadOf(headers, type);
    if (head !== undefined) return new TextResponse(text, status, statusText, head) as unknown as Response;
  }
  const response = new NativeResponse(text, init);
  // Undici has chosen the type of text by itself.
  if (type === jsonType && !new Headers(headers).has(contentType)) response.headers.set(contentType, type);
  return response;
}

/** A status with which a response can have a body. */
function isPlainStatus(status: unknown): status is number {
  if (!Number.isInteger(status)) return false;
  const code = status as number;
  return code >= 200 && code <= 599 && code !== 204 && code !== 205 && code !== 304;
}

/** Undici's constructor, except that a body of text or bytes becomes a `TextResponse`. */
function construct(target: unknown, body: Body, init: Init): Response {
  if (target === undefined) throw new TypeError("Class constructor Response cannot be invoked without 'new'");
  if (target !== Response)
    return Reflect.construct(NativeResponse, [body, init], target as typeof NativeResponse) as Response;
  if (typeof body === 'string') return textResponse(body, init, textType);
  // The caller can write to its memory later.
  if (body instanceof Uint8Array) return textResponse(new Uint8Array(body), init, undefined);
  return new NativeResponse(body, init);
}

/**
 * What `globalThis.Response` becomes. It has the prototype of undici's, so that `instanceof` means the same for both, and
 * classes that extend it get undici's.
 */
export function Response(body?: Body, init?: Init): Response {
  return construct(new.target, body, init);
}
Response.prototype = NativeResponse.prototype;
Object.setPrototypeOf(Response, NativeResponse);

/** `Response.json` without a stream. @see https://fetch.spec.whatwg.org/#dom-response-json */
Response.json = (data: unknown, init?: Init): Response => {
  const text = JSON.stringify(data) as string | undefined;
  if (text === undefined) throw new TypeError('Value is not JSON serializable');
  return textResponse(text, init, jsonType);
};
