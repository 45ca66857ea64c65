// What objects say about themselves, where their properties do not.

/** Whether it is an object literal, or one without a prototype. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * The contents of maps, sets, headers, parameters and HTTP messages, and the text of regular expressions; undefined: an
 * object like any other. By their tags: to name `Headers` would load Node's fetch.
 */
export function contentsOf(value: object): unknown {
  switch (Object.prototype.toString.call(value)) {
    case '[object Map]':
      return Object.fromEntries([...(value as Map<unknown, unknown>)].map(([key, one]) => [nameOf(key), one]));
    case '[object Set]':
      return [...(value as Set<unknown>)];
    case '[object Headers]':
    case '[object URLSearchParams]':
      return Object.fromEntries(value as Iterable<[string, string]>);
    case '[object RegExp]':
    case '[object String]':
      return String(value);
    case '[object Number]':
    case '[object Boolean]':
      return value.valueOf();
    default:
      return httpMessage(value as HttpMessage);
  }
}

const nameOf = (key: unknown): string => (typeof key === 'object' && key !== null ? '[object]' : String(key));

/** Requests and responses of node:http and of fetch. */
interface HttpMessage {
  readonly method?: unknown;
  readonly url?: unknown;
  readonly headers?: unknown;
  readonly statusCode?: unknown;
  readonly status?: unknown;
  readonly getHeaders?: () => unknown;
}

/** Messages have their socket as a property, or no property at all. The fields are those of the access log. */
function httpMessage(value: HttpMessage): object | undefined {
  const {method, url, headers, statusCode, status} = value;
  if (typeof value.getHeaders === 'function' && typeof statusCode === 'number')
    return {status: statusCode, headers: value.getHeaders()};
  if (typeof headers !== 'object' || headers === null) return undefined;
  if (typeof method === 'string' && typeof url === 'string') return {method, path: pathOf(url), headers};
  const code = statusCode ?? status;
  return typeof code === 'number' ? {status: code, headers} : undefined;
}

/** Without the query, which can hold a secret. */
function pathOf(url: string): string | undefined {
  return (URL.parse(url)?.pathname ?? url).split('?', 1)[0];
}
