import * as v from 'valibot';
import {statusText} from './health-check.ts';
import {bracketed, described, hasRealAddress, path, section} from './values.ts';

// The setting `health` of deploy.yaml.

const headerName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9!#$&'*+.^_`|~-]+$/, 'must be the name of a header'));
// Of one line and printable: it becomes a word of the balancer's configuration.
const headerValue = v.pipe(
  v.string('must be a string'),
  v.regex(/^[\u0020-\u007e]+$/, 'must be one line of printable ASCII characters'),
);
const pattern = v.pipe(
  headerValue,
  v.check((text) => isPattern(text), 'must be a regular expression'),
);

function isPattern(text: string): boolean {
  try {
    return typeof RegExp(text) === 'object';
  } catch {
    return false;
  }
}

const host = v.pipe(
  v.string('must be a string'),
  v.regex(
    new RegExp(`^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|${bracketed})(?::\\d{1,5})?$`),
    'must be a host name such as shop.example.com; an IPv6 address in brackets',
  ),
  v.check(hasRealAddress, 'must be a host name; the text in brackets is no IPv6 address'),
);
const code = v.union([v.number(), v.string()], 'must be a status such as 200, or 2xx');
const statusRule = 'must be a status such as 200, a class such as 2xx, a range such as 200-399, or a list of these';
const status = v.pipe(
  v.union([code, v.pipe(v.array(code, statusRule), v.minLength(1, 'must not be empty'))], statusRule),
  v.check((value) => statusText([value].flat().join()) !== undefined, statusRule),
  v.description('Status of a healthy answer: 200, 2xx, 200-399, or a list.'),
  v.transform((value) => statusText([value].flat().join()) ?? '200'),
);

const map = v.pipe(
  section({
    path: v.optional(described(path, 'Path of the request, with its query.'), '/readyz'),
    host: v.optional(described(host, "Host header. Default: the host of the environment's first route, or localhost.")),
    headers: v.optional(
      described(
        v.record(headerName, headerValue, 'must be a map of headers'),
        'Further headers of the request. X-Forwarded-Proto is https by default.',
      ),
      {},
    ),
    status: v.optional(status, '200'),
    response_headers: v.optional(
      described(
        v.record(headerName, pattern, 'must be a map of headers to patterns'),
        'Headers that the answer must have, with regular expressions for their values.',
      ),
      {},
    ),
    body: v.optional(described(pattern, 'Regular expression that the body must match. Default: any body.')),
    tcp: v.optional(described(v.literal(true, 'must be true, or left out'), 'Only connect to the port.')),
    command: v.optional(
      described(
        v.pipe(
          v.array(v.string('must be a list of words'), 'must be a list of words'),
          v.minLength(1, 'must not be empty'),
        ),
        'Command that exits with 0 in the container when the service is ready.',
      ),
    ),
  }),
  v.check(
    ({headers}) => !Object.keys(headers).some((one) => one.toLowerCase() === 'host'),
    'must have `host` in place of the header Host',
  ),
  v.check(
    ({tcp, command, path: asked, host: name, headers, status: wanted, response_headers: answer, body}) =>
      [tcp, command].every((one) => one === undefined) ||
      ((tcp === undefined || command === undefined) &&
        [asked === '/readyz', name === undefined, wanted === '200', body === undefined].every(Boolean) &&
        Object.keys({...headers, ...answer}).length === 0),
    'must have tcp or command as its only key',
  ),
);

/** `health` of deploy.yaml. A wrong map is reported key by key. @see parseDeployFile */
export const health = v.union([path, map], ({input}) =>
  typeof input === 'object' && input !== null && !Array.isArray(input)
    ? ''
    : 'must be a path that begins with /, or a map',
);
