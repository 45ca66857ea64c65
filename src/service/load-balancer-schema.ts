import * as v from 'valibot';
import {host, image, name, path, port, seconds, secret} from './schema-values.ts';

// The section `load_balancer` of an environment. docs/load-balancer.md tells what each setting does.

const domain = v.pipe(
  v.string('must be a text'),
  v.regex(
    /^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/,
    "must be a host's name such as shop.example.com, or *.example.com for all below",
  ),
);
const route = v.pipe(
  v.strictObject({host: v.optional(domain), path: v.optional(path)}, 'must be a map with host, path or both'),
  v.check(({host: one, path: other}) => one !== undefined || other !== undefined, 'must have host, path or both'),
);
const network = v.pipe(
  v.string('must be a text'),
  v.regex(/^[0-9a-fA-F.:]+(\/\d{1,3})?$/, 'must be an address or a network such as 10.0.0.0/8'),
);
const endpoint = v.pipe(
  v.string('must be a text'),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*:\d{1,5}$/, 'must be HOST:PORT'),
);
const socket = v.pipe(
  v.string('must be a text'),
  v.regex(
    /^(\/[\w.-]+){3,}$/,
    'must be the path of a socket in a directory of its own, such as /run/haproxy/admin.sock',
  ),
);
// It stands in one answer of the balancer, which is at most 16 KB with its headers.
const html = v.pipe(v.string('must be HTML'), v.maxLength(12_000, 'must be at most 12,000 characters'));
const slowStart = v.pipe(seconds, v.integer('must be a whole number'), v.maxValue(600, 'must be at most 600'));

const https = v.strictObject(
  {
    certificate: secret,
    key: v.optional(secret),
    port: v.optional(port, 443),
    redirect: v.optional(v.boolean('must be true or false'), true),
  },
  'must be a map',
);

const settings = v.strictObject(
  {
    image: v.optional(image, 'entrypoint/haproxy:3.0'),
    address: v.optional(v.pipe(v.string(), v.ip('must be an IP address')), '127.0.0.1'),
    port: v.optional(port, 0),
    hosts: v.optional(v.array(host, 'must be a list of hosts'), []),
    name: v.optional(name),
    routes: v.optional(v.array(route, 'must be a list of routes'), []),
    tls: v.optional(https),
    acme: v.optional(endpoint),
    slow_start_seconds: v.optional(slowStart, 0),
    timeout_seconds: v.optional(
      v.pipe(seconds, v.integer('must be a whole number'), v.minValue(1, 'must be at least 1')),
      60,
    ),
    trusted_proxies: v.optional(v.array(network, 'must be a list of networks'), []),
    maintenance_page: v.optional(html),
    own: v.optional(
      v.strictObject(
        {
          url: v.pipe(
            v.string('must be a text'),
            v.regex(/^https?:\/\/[^\s/]+/, 'must be where the service answers, such as https://shop.example.com'),
          ),
          admin_socket: v.optional(socket, '/run/haproxy/admin.sock'),
          master_socket: v.optional(socket, '/run/haproxy/master.sock'),
        },
        'must be a map',
      ),
    ),
  },
  'must be a map',
);

export const loadBalancer = v.pipe(
  settings,
  v.check(
    ({own, tls, routes, acme, port: published}) =>
      own === undefined || (tls === undefined && routes.length === 0 && acme === undefined && published === 0),
    'must not have tls, routes, acme or port beside own: these are in the configuration of your own HAProxy',
  ),
);

export type LoadBalancer = v.InferOutput<typeof loadBalancer>;
