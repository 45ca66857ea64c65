import {get, head, hostless, lenient, type Message, post, refused, served, smuggled} from '../message.ts';

/** A request line with the rest of a good request. */
const line = (text: string): string => head(text);
const version = 'RFC 9110 2.5, 6.2; RFC 9112 2.3, 3';
const noVersion = [400, 505];

export const requestLines: readonly Message[] = [
  served('GET', 'RFC 9110 9.3.1', get('/a?b=c'), {
    method: 'GET',
    target: '/a?b=c',
    url: 'http://@host/a?b=c',
    body: '',
  }),
  served('POST with a body', 'RFC 9110 9.3.3', post('/', 'hello'), {method: 'POST', body: 'hello'}),
  ...['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'REPORT', 'QUERY', 'M-SEARCH'].map((method) =>
    served(
      `${method} with a body`,
      'RFC 9110 9.1: methods pass unchanged',
      `${head(`${method} /m HTTP/1.1`, 'Content-Length: 4')}body`,
      {method, body: 'body'},
    ),
  ),
  served('DELETE without a body', 'RFC 9110 9.3.5', line('DELETE /m HTTP/1.1'), {method: 'DELETE', body: ''}),
  served('GET with a body', 'RFC 9110 9.3.1: framed like any other', `${get('/', 'Content-Length: 5')}hello`, {
    method: 'GET',
  }),
  served('HEAD', 'RFC 9110 9.3.2', head('HEAD / HTTP/1.1'), {}, {answers: [{status: 200, body: ''}]}),
  served(
    'TRACE',
    'RFC 9110 9.1, 15.5.6, 15.6.2: not a 500; Fetch forbids the method',
    line('TRACE /m HTTP/1.1'),
    {},
    {
      answers: [{status: [200, 405, 501], informational: [], fetch: {status: [405, 501]}}],
      after: 'either',
    },
  ),
  refused('TRACK', 'RFC 9110 9.1, 15.6.2', line('TRACK /m HTTP/1.1'), [400, 405, 501]),
  refused(
    'a method in lower case',
    'RFC 9110 9.1: methods are case-sensitive',
    line('get / HTTP/1.1'),
    [400, 405, 501],
  ),
  refused('a method that does not exist', 'RFC 9110 9.1', line('BREW / HTTP/1.1'), [400, 405, 501]),
  refused('a method that is no token', 'RFC 9110 9.1, RFC 9112 3.1', line('GE,T / HTTP/1.1')),
  refused(
    'CONNECT',
    'RFC 9110 9.3.6: only proxies serve it',
    line('CONNECT example.com:443 HTTP/1.1'),
    [400, 404, 405, 501],
    {
      silence: true,
    },
  ),
  refused('nothing but noise', 'RFC 9112 3: invalid request line', `\u0000\u00ff\u0001noise\r\n\r\n`),
  refused(
    'a TLS handshake',
    'RFC 9112 3',
    `\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n`,
  ),
  refused('a response in place of a request', 'RFC 9112 2.1', `HTTP/1.1 200 OK\r\n${smuggled}`),
  served('one empty line first', 'RFC 9112 2.2: SHOULD be ignored', `\r\n${get('/after')}`, {target: '/after'}),
  lenient('three empty lines first', 'RFC 9112 2.2: at least one', `\r\n\r\n\r\n${get('/after')}`, {target: '/after'}),
  refused('a space before the method', 'RFC 9112 3', ` ${get('/')}`),
  lenient('two spaces before the target', 'RFC 9112 3: MAY be read as one', line('GET  /x HTTP/1.1'), {target: '/x'}),
  lenient('a tab before the target', 'RFC 9112 3: MAY be read as a space', line('GET\t/x HTTP/1.1'), {target: '/x'}),
  lenient('a space behind the version', 'RFC 9112 3: MAY be ignored', line('GET /x HTTP/1.1 '), {target: '/x'}),
  lenient(
    'lines that end with LF',
    'RFC 9112 2.2: MAY be recognised',
    'GET /x HTTP/1.1\nHost: service.example\nX-Id: @id\n\n',
    {target: '/x'},
  ),
  refused('CR in the request line', 'RFC 9112 2.2: a bare CR is invalid', line('GET /\rx HTTP/1.1')),
  lenient(
    'lines that end with CR',
    'RFC 9112 2.2: a bare CR is no end of a line',
    'GET /x HTTP/1.1\rHost: service.example\rX-Id: @id\r\r',
    {},
    [400],
    {after: 'closed', silence: true},
  ),
  refused('no version', `${version}: HTTP/0.9 is not spoken`, 'GET /no-version\r\n\r\n', noVersion),
  refused('no version, with fields', version, hostless('GET /no-version', 'Host: service.example'), noVersion),
  refused(
    'no version, with a body',
    version,
    `${hostless('POST /no-version', 'Host: service.example', 'Content-Length: 5')}hello`,
    noVersion,
  ),
  refused('HTTP/0.9 by name', version, line('GET / HTTP/0.9'), noVersion),
  refused('HTTP/2.0', version, line('GET / HTTP/2.0'), noVersion),
  refused('the preface of HTTP/2', 'RFC 9113 3.4', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0`, noVersion),
  refused('HTTP/3.0', version, line('GET / HTTP/3.0'), noVersion),
  lenient('HTTP/1.2', 'RFC 9110 6.2: SHOULD be read as 1.1', line('GET /x HTTP/1.2'), {target: '/x'}, [200, 400, 505]),
  ...[
    'http/1.1',
    'HTTP/1.1x',
    'HTTP/11',
    'HTTP/1',
    'HTTP/1.',
    'HTTP/1.10',
    'HTTP/01.1',
    'HTTP/1 .1',
    'HTTPS/1.1',
    'HTTP 1.1',
  ].map((text) =>
    refused(`the version ${text}`, 'RFC 9112 2.3: case-sensitive, one digit each', line(`GET / ${text}`), noVersion),
  ),
  // Node's parser knows these protocols and hides them: what it takes them for, HTTP/1.0, is closed behind the answer.
  ...['OPTIONS / RTSP/1.0', 'DESCRIBE / RTSP/1.0', 'SOURCE / ICE/1.0'].map((text) =>
    lenient(
      `the request line ${text}`,
      'RFC 9112 2.3: another protocol',
      line(text) + smuggled,
      {},
      [200, 400, 501, 505],
      {after: 'closed'},
    ),
  ),
  refused('a space in the target', 'RFC 9112 3.2: no whitespace', line('GET /a b HTTP/1.1')),
  refused('NUL in the target', 'RFC 9112 3.2, RFC 3986 2', line('GET /a\0b HTTP/1.1')),
  refused('DEL in the target', 'RFC 9112 3.2, RFC 3986 2', line('GET /a\u007fb HTTP/1.1')),
  lenient('UTF-8 in the target', 'RFC 3986 2: not allowed', line('GET /caf\u00c3\u00a9 HTTP/1.1')),
  lenient('a fragment', 'RFC 9112 3.2.1: not part of the origin form', line('GET /a#b HTTP/1.1')),
  refused('a target of 20 kB', 'RFC 9112 3: 414', line(`GET /${'a'.repeat(20_000)} HTTP/1.1`), [414, 431]),
  lenient(
    'a target of 8,000 bytes',
    'RFC 9112 3: at least 8,000 RECOMMENDED',
    line(`GET /${'a'.repeat(7980)} HTTP/1.1`),
    {},
    [200],
  ),
];

export const targets: readonly Message[] = [
  served('//host/path', 'RFC 9112 3.3: the origin is that of Host', get('//evil.example/x'), {
    target: '//evil.example/x',
    url: 'http://@host//evil.example/x',
  }),
  served('a path that is //', 'RFC 9112 3.3', get('//'), {target: '//', url: 'http://@host//'}),
  served('a path that is ///]x', 'RFC 9112 3.3', get('///]x'), {target: '///]x', url: 'http://@host///]x'}),
  lenient('a backslash', 'RFC 3986 3.3: not allowed', get('/\\evil.example/x'), {url: 'http://@host//evil.example/x'}),
  served('dot segments', 'RFC 9110 4.2.3; URL standard', get('/a/../b/./c'), {
    target: '/a/../b/./c',
    url: 'http://@host/b/c',
  }),
  served('percent-encoding', 'RFC 9112 3.2: passed on as it is', get('/%2Fa%20b?%3D'), {
    target: '/%2Fa%20b?%3D',
    url: 'http://@host/%2Fa%20b?%3D',
  }),
  served('percent-encoding that is invalid', 'URL standard: kept', get('/%zz%'), {
    target: '/%zz%',
    url: 'http://@host/%zz%',
  }),
  served('a question mark and nothing', 'RFC 3986 3.4', get('/?'), {target: '/?', url: 'http://@host/?'}),
  served('the absolute form', 'RFC 9112 3.2.2', get('http://service.example/x?y'), {url: 'http://service.example/x?y'}),
  served('the absolute form of another host', 'RFC 9112 3.2.2: Host is ignored', get('http://other.example/x'), {
    url: 'http://other.example/x',
  }),
  served('the absolute form without a path', 'RFC 9112 3.2.2', get('http://service.example'), {
    url: 'http://service.example/',
  }),
  served('the absolute form with a query and no path', 'RFC 9112 3.2.2', get('http://service.example?a=b'), {
    url: 'http://service.example/?a=b',
  }),
  served('the absolute form in capitals', 'RFC 9110 4.2.3', get('HTTP://SERVICE.EXAMPLE/x'), {
    url: 'http://service.example/x',
  }),
  lenient(
    'the absolute form of https',
    'RFC 9110 7.4: may be misdirected',
    get('https://service.example/x'),
    {},
    [200, 400, 421],
  ),
  lenient('the absolute form with a user', 'RFC 9110 4.2.4', get('http://u:p@service.example/x'), {
    url: 'http://service.example/x',
  }),
  refused('the absolute form without a host', 'RFC 9110 4.2.1', get('http:///x')),
  refused('the absolute form with an invalid port', 'RFC 9112 3.2.2', get('http://service.example:port/x')),
  refused('the authority form of GET', 'RFC 9112 3.2.3: CONNECT only', get('service.example:80')),
  refused('the asterisk of GET', 'RFC 9112 3.2.4: OPTIONS only', get('*')),
  refused('the asterisk of POST', 'RFC 9112 3.2.4: OPTIONS only', post('*', 'hello')),
  served('the asterisk of OPTIONS', 'RFC 9112 3.2.4, 3.3: no path', head('OPTIONS * HTTP/1.1'), {
    target: '*',
    url: 'http://@host/',
  }),
  refused('a query without a path', 'RFC 9112 3.2.1', get('?a=b')),
  refused('a path without a slash', 'RFC 9112 3.2.1', get('a/b')),
  refused('a fragment alone', 'RFC 9112 3.2.1', get('#a')),
];
