import {chunked, get, head, hostless, type Message, post, refused, served} from '../message.ts';

const upgrade = 'RFC 9110 7.8: an upgrade MAY be ignored';
const h2c = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'];
const websocket = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

export const upgrades: readonly Message[] = [
  served('an upgrade to h2c', upgrade, get('/up', ...h2c), {method: 'GET'}),
  served('a POST with an upgrade to h2c', upgrade, post('/up', 'hello', ...h2c), {body: 'hello'}),
  served('a chunked POST with an upgrade', upgrade, chunked('/up', '5\r\nhello\r\n0\r\n\r\n', ...h2c), {body: 'hello'}),
  served('a websocket that the service does not want', upgrade, get('/up', ...websocket), {method: 'GET'}),
  served('an upgrade to a protocol that does not exist', upgrade, get('/up', 'Connection: upgrade', 'Upgrade: x/1'), {
    method: 'GET',
  }),
  served(
    'an upgrade to HTTP/2.0 and TLS',
    upgrade,
    head('OPTIONS /up HTTP/1.1', 'Connection: Upgrade', 'Upgrade: TLS/1.0, HTTP/2.0'),
    {
      method: 'OPTIONS',
    },
  ),
  served('Upgrade without Connection', upgrade, get('/up', 'Upgrade: websocket'), {method: 'GET'}),
  served('Connection: upgrade without Upgrade', upgrade, get('/up', 'Connection: upgrade'), {method: 'GET'}),
  served('an upgrade of HEAD', upgrade, head('HEAD /up HTTP/1.1', ...h2c), {}, {answers: [{status: 200, body: ''}]}),
  served('an upgrade in HTTP/1.0', 'RFC 9110 7.8: MUST be ignored', head('GET /up HTTP/1.0', ...websocket), {
    method: 'GET',
  }),
  served(
    'a request behind an upgrade that was not wanted',
    `${upgrade}; the next request is answered`,
    get('/up', ...h2c) + get('/next'),
    {},
    {
      answers: [{status: 200}, {status: 200, seen: {target: '/next', url: 'http://@host/next'}}],
    },
  ),
  served(
    'a request behind a POST with an upgrade',
    upgrade,
    post('/up', 'hello', ...h2c) + get('/next'),
    {},
    {
      answers: [
        {status: 200, seen: {body: 'hello'}},
        {status: 200, seen: {target: '/next', url: 'http://@host/next'}},
      ],
    },
  ),
  refused(
    'an upgrade with a length beyond the limit',
    'RFC 9110 15.5.14',
    head('POST /up HTTP/1.1', ...h2c, 'Content-Length: 200000000'),
    413,
  ),
  refused(
    'an upgrade with two Hosts',
    'RFC 9112 3.2',
    hostless('GET /up HTTP/1.1', 'Host: a', 'Host: b', ...websocket),
  ),
  refused(
    'an upgrade with an unknown coding',
    'RFC 9112 6.1',
    head('POST /up HTTP/1.1', ...h2c, 'Transfer-Encoding: gzip'),
    [400, 501],
  ),
];
