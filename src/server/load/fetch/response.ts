/** Node's own class, before `replaceGlobals`. */
export const NativeResponse = globalThis.Response;

type Init = ConstructorParameters<typeof NativeResponse>[1];
type Body = ConstructorParameters<typeof NativeResponse>[0];
type Text = string | Uint8Array<ArrayBuffer>;

const contentType = 'content-type';
const textType = 'text/plain;charset=UTF-8';
const jsonType = 'application/json';

/** What is left of undici's class here: TypeScript declares its methods as properties, which a class cannot override. */
const Base = NativeResponse as unknown as new (body: null, init: Init) => Pick<Response, 'status'>;

/**
 * A `Response` of undici whose body is text or bytes, kept here instead of in the web stream that undici makes of it: that
 * stream costs as much CPU as the rest of a small request. It is made when something asks for it.
 */
class TextResponse extends Base {
  readonly #text: Text;
  /** The Content-Type that a handler gets without setting one, until something asks for the headers. */
  #type: string | undefined;
  #used = false;
  /** Has the body as a stream, once that was asked for. */
  #streamed: Response | undefined;

  /** @param type Content-Type, if `init` has none */
  constructor(text: Text, init: Init, type: string | undefined) {
    super(null, init);
    this.#text = text;
    this.#type = type;
    if (init === undefined || init === null) return;
    const {status} = this;
    if (status === 204 || status === 205 || status === 304)
      throw new TypeError(`Response constructor: Invalid response status code ${status}`);
    if (init.headers !== undefined) void this.headers;
  }

  /** Text or bytes that are complete and not read yet, which counts as reading them; undefined otherwise. */
  static take(response: object): Text | undefined {
    if (!(#text in response) || response.#used || response.#streamed !== undefined) return undefined;
    response.#used = true;
    return response.#text;
  }

  /** The only header of a response, its Content-Type, if nothing has looked at its headers; undefined otherwise. */
  static typeOf(response: object): string | undefined {
    return #text in response ? response.#type : undefined;
  }

  get headers(): Headers {
    const headers = Reflect.get(NativeResponse.prototype, 'headers', this) as Headers;
    if (this.#type !== undefined) {
      if (!headers.has(contentType)) headers.set(contentType, this.#type);
      this.#type = undefined;
    }
    return headers;
  }

  get #stream(): Response {
    this.#streamed ??= new NativeResponse(this.#text, {headers: {[contentType]: this.headers.get(contentType) ?? ''}});
    return this.#streamed;
  }

  async #read<T>(read: (stream: Response) => Promise<T>): Promise<T> {
    if (this.bodyUsed) throw new TypeError('Body is unusable: Body has already been read');
    return read(this.#stream);
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
    if (this.bodyUsed) throw new TypeError('Response.clone: Body has already been consumed.');
    if (this.#streamed === undefined) return textResponse(this.#text, this as unknown as Response, undefined);
    return new NativeResponse(this.#streamed.clone().body, this as unknown as Response);
  }
}

/** @see TextResponse.take */
export const takeText = TextResponse.take;

/** @see TextResponse.typeOf */
export const onlyType = TextResponse.typeOf;

function textResponse(text: Text, init: Init, type: string | undefined): Response {
  return new TextResponse(text, init, type) as unknown as Response;
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
