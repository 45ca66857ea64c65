import * as v from 'valibot';
import {
  bracketed,
  described,
  hasRealAddress,
  host,
  image,
  name,
  path,
  port,
  seconds,
  secret,
  section,
} from './values.ts';

// The section `load_balancer` of an environment. docs/load-balancer.md describes each setting.

const domain = v.pipe(
  v.string('must be a string'),
  v.regex(
    new RegExp(`^(?:(?:\\*\\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|${bracketed})$`),
    'must be a host name such as shop.example.com, or *.example.com for every name below',
  ),
  v.regex(/^[^.]{1,63}(\.[^.]{1,63})*$/, 'must be a host name, whose parts have at most 63 characters each'),
  v.maxLength(253, 'must be a host name, which has at most 253 characters'),
  v.check(hasRealAddress, 'must be a host name; the text in brackets is no IPv6 address'),
);
const route = v.pipe(
  section({
    host: v.optional(described(domain, 'Host name, or *.example.com for every name below.')),
    path: v.optional(described(path, 'This path and everything below it.')),
  }),
  v.check(({host: one, path: other}) => one !== undefined || other !== undefined, 'must have host, path or both'),
);
const network = v.pipe(
  v.string('must be a string'),
  v.check(isNetwork, 'must be an address or a network such as 10.0.0.0/8'),
);
const endpoint = v.pipe(
  v.string('must be a string'),
  v.regex(
    new RegExp(`^(?:[A-Za-z0-9][A-Za-z0-9._-]*|${bracketed}):\\d{1,5}$`),
    'must be HOST:PORT, with an IPv6 address in brackets',
  ),
  v.check(hasRealAddress, 'must be HOST:PORT; the text in brackets is no IPv6 address'),
  v.check(isPort, 'must be HOST:PORT, with a port of 1 to 65535'),
);
const socket = v.pipe(
  v.string('must be a string'),
  v.regex(
    /^(\/[\w.-]+){3,}$/,
    'must be the path of a socket in a directory of its own, such as /run/haproxy/admin.sock',
  ),
);
// The balancer sends it as one response of at most 16 KB, headers included.
const html = v.pipe(v.string('must be HTML'), v.maxLength(12_000, 'must be at most 12,000 characters'));
function isNetwork(text: string): boolean {
  const [address = '', bits, ...others] = text.split('/');
  const most = v.IPV4_REGEX.test(address) ? 32 : v.IPV6_REGEX.test(address) ? 128 : -1;
  return others.length === 0 && most > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
}

function isPort(text: string): boolean {
  const number = Number(text.split(':').at(-1));
  return number >= 1 && number <= 65_535;
}

const slowStart = v.pipe(seconds, v.integer('must be a whole number'), v.maxValue(600, 'must be at most 600'));
const timeout = v.pipe(seconds, v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'));
const boolean = v.boolean('must be true or false');
const url = v.pipe(
  v.string('must be a string'),
  v.regex(/^https?:\/\/[^\s/]+/, 'must be the URL of the service, such as https://shop.example.com'),
);

const https = section({
  certificate: described(secret, 'The certificate in PEM form, followed by its chain.'),
  key: v.optional(described(secret, 'The private key. Default: in the same text as the certificate.')),
  port: v.optional(described(port, 'HTTPS port. 0: a free one, and no redirect.'), 443),
  redirect: v.optional(described(boolean, 'Redirect HTTP to HTTPS (308).'), true),
});

const own = section({
  url: described(url, 'The address of the service. Tasks get it as BASE_URL.'),
  admin_socket: v.optional(
    described(socket, 'Admin-level stats socket of your HAProxy on its host.'),
    '/run/haproxy/admin.sock',
  ),
  master_socket: v.optional(
    described(socket, 'Master socket of your HAProxy on its host.'),
    '/run/haproxy/master.sock',
  ),
});

const settings = section({
  image: v.optional(described(image, 'Image of the balancer.'), 'entrypoint/haproxy:3.0'),
  address: v.optional(
    described(
      v.pipe(v.string(), v.ip('must be an IP address')),
      'Address to listen on. 0.0.0.0: every IPv4 address of the host; ::, every one of IPv6.',
    ),
    '127.0.0.1',
  ),
  port: v.optional(described(port, 'HTTP port. 0: a free one.'), 0),
  hosts: v.optional(
    described(
      v.array(host, 'must be a list of hosts'),
      'Dedicated balancer hosts. Default: a balancer on each app host, for its replicas.',
    ),
    [],
  ),
  name: v.optional(described(name, 'Services with the same name share one balancer. Default: one per service.')),
  routes: v.optional(
    described(v.array(route, 'must be a list of routes'), 'Requests that belong to the service. Default: all.'),
    [],
  ),
  tls: v.optional(described(https, 'HTTPS with your certificate.')),
  acme: v.optional(described(endpoint, 'HOST:PORT that answers /.well-known/acme-challenge/.')),
  slow_start_seconds: v.optional(
    described(slowStart, 'How long a new release or a recovered server takes to reach its full share of the traffic.'),
    0,
  ),
  timeout_seconds: v.optional(
    described(timeout, 'Longest wait for a response to begin, and longest pause within one.'),
    60,
  ),
  trusted_proxies: v.optional(
    described(v.array(network, 'must be a list of networks'), 'Networks whose X-Forwarded-* headers are trusted.'),
    [],
  ),
  maintenance_page: v.optional(described(html, 'HTML of the maintenance page.')),
  own: v.optional(described(own, 'Use your own HAProxy instead of ours.')),
});

export const loadBalancer = v.pipe(
  settings,
  v.check(
    ({own: haproxy, tls, routes, acme, port: published}) =>
      haproxy === undefined || (tls === undefined && routes.length === 0 && acme === undefined && published === 0),
    'must not have tls, routes, acme or port together with own: these are in the configuration of your own HAProxy',
  ),
);

export type LoadBalancer = v.InferOutput<typeof loadBalancer>;
