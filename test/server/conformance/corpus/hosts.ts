import {get, hostless, lenient, type Message, refused, served} from '../message.ts';

const rule = 'RFC 9112 3.2, RFC 9110 7.2, RFC 3986 3.2.2';
const withHost = (value: string): string => hostless('GET /h HTTP/1.1', `Host: ${value}`);

const valid: Readonly<Record<string, string>> = {
  'a name with a port': 'service.example:8080',
  'an IPv4 address': '127.0.0.1:80',
  'an IPv6 address': '[::1]',
  'an IPv6 address with a port': '[2001:db8::1]:8080',
  'an empty port': 'service.example:',
  'a name with an underscore': 'my_service',
  'a name with a dot at its end': 'service.example.',
  'a name in capitals': 'SERVICE.example',
};

const invalid: Readonly<Record<string, string>> = {
  'a space in it': 'a b',
  'a list': 'a.example, b.example',
  'a tab in it': 'a\tb',
  'a user': 'user@service.example',
  'a user and a password': 'u:p@service.example',
  'a port that is no number': 'service.example:port',
  'two ports': 'service.example:80:80',
  'a signed port': 'service.example:+80',
  'a path': 'service.example/path',
  'a slash alone': '/',
  'a query': 'service.example?x=y',
  'a fragment': 'service.example#x',
  'a backslash': 'service.example\\x',
  'a scheme': 'http://service.example',
  'an IPv6 address that is not closed': '[::1',
  'an IPv6 address without brackets': '2001:db8::1',
  'an empty IPv6 address': '[]',
  'a name in brackets': '[service]',
  'angle brackets': '<script>',
  quotes: '"service.example"',
  'bytes beyond ASCII': 'caf\u00e9.example',
  'percent-encoding that is invalid': 'a%zz',
  'a control character': 'a\u0001b',
};

export const hosts: readonly Message[] = [
  refused('no Host', rule, hostless('GET /h HTTP/1.1')),
  served('no Host in HTTP/1.0', rule, hostless('GET /h HTTP/1.0'), {target: '/h'}),
  served('an empty Host', `${rule}: legal for a target without authority`, withHost(''), {target: '/h'}),
  refused('two Hosts', rule, hostless('GET /h HTTP/1.1', 'Host: a.example', 'Host: b.example')),
  refused('two Hosts that are equal', rule, hostless('GET /h HTTP/1.1', 'Host: a.example', 'Host: a.example')),
  refused('two Hosts of which one is empty', rule, hostless('GET /h HTTP/1.1', 'Host:', 'Host: a.example')),
  refused(
    'two Hosts apart, in other letters',
    rule,
    hostless('GET /h HTTP/1.1', 'hOST: a.example', 'A: b', 'HosT: b.example'),
  ),
  refused('two Hosts in HTTP/1.0', rule, hostless('GET /h HTTP/1.0', 'Host: a.example', 'Host: b.example')),
  refused(
    'two Hosts and the absolute form',
    rule,
    hostless('GET http://a.example/ HTTP/1.1', 'Host: a.example', 'Host: b.example'),
  ),
  refused('an invalid Host in HTTP/1.0', rule, hostless('GET /h HTTP/1.0', 'Host: a b')),
  refused('an invalid Host of HEAD', rule, hostless('HEAD /h HTTP/1.1', 'Host: a b')),
  refused('an invalid Host of a POST', rule, `${hostless('POST /h HTTP/1.1', 'Host: a b', 'Content-Length: 5')}hello`),
  refused('an invalid Host and the absolute form', rule, hostless('GET http://a.example/ HTTP/1.1', 'Host: a b')),
  refused('Host behind a space', 'RFC 9112 5.1', hostless('GET /h HTTP/1.1', 'Host : service.example')),
  lenient('a folded Host', 'RFC 9112 5.2', hostless('GET /h HTTP/1.1', 'Host:', ' service.example'), {target: '/h'}),
  served('Host in other letters', 'RFC 9110 5.1', hostless('GET /h HTTP/1.1', 'hoST: service.example'), {
    fields: {host: 'service.example'},
  }),
  served('Host with spaces around it', 'RFC 9110 5.5', withHost(' \t service.example \t '), {
    fields: {host: 'service.example'},
    url: 'http://service.example/h',
  }),
  ...Object.entries(valid).map(([name, value]) =>
    served(`a valid one: ${name}`, rule, withHost(value), {fields: {host: value}}),
  ),
  ...Object.entries(invalid).map(([name, value]) => refused(`an invalid one: ${name}`, rule, withHost(value))),
  lenient('a port that is too high', `${rule}: a number, but no port`, withHost('service.example:99999')),
  lenient('percent-encoding', `${rule}: part of reg-name`, withHost('a%41.example')),
  lenient('a comma', `${rule}: a sub-delim of reg-name`, withHost('a,b')),
  served('X-Forwarded-Host beside it', rule, get('/h', 'X-Forwarded-Host: a b'), {fields: {host: 'service.example'}}),
];
