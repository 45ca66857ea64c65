import * as v from 'valibot';
import {hostKey} from '../../commands/destination.ts';
import {batchPattern} from './batch.ts';
import {described, host, hostForms, mistakeInHost} from './values.ts';

// Of an environment in deploy.yaml: where its containers run, and with how much of what is there.

const string = v.string('must be a string');

// A word, or a map if a host needs more than its name.
const appHost = v.union(
  [
    v.pipe(
      host,
      v.transform((word) => ({host: word, address: undefined as string | undefined})),
    ),
    v.strictObject({
      host,
      address: v.optional(
        described(
          v.pipe(
            string,
            v.regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'must be an address or a name'),
            v.check(
              (text) => !text.includes(':') || v.IPV6_REGEX.test(text),
              'must be an address or a name, without a port',
            ),
          ),
          'Where load balancers on other machines reach the host. Default: where ssh connected.',
        ),
      ),
    }),
  ],
  ({input}) => (typeof input === 'string' && mistakeInHost(input)) || `${hostForms}; or {host, address}`,
);
export const hosts = v.pipe(
  v.optional(
    described(v.array(appHost, 'must be a list of hosts'), 'Where replicas run: [local], or hosts reached by ssh.'),
    ['local'],
  ),
  v.minLength(1, 'must name at least one host: local, or an ssh destination such as deploy@h1'),
  v.check((all) => new Set(all.map((one) => hostKey(one.host))).size === all.length, 'must name each host once'),
  v.check(
    (all) => all.length === 1 || all.every((one) => one.host !== 'local'),
    'must be [local] alone, or hosts by ssh',
  ),
);
export const batch = v.union(
  [v.pipe(v.number(), v.integer(), v.minValue(1)), v.pipe(v.string(), v.regex(batchPattern))],
  'must be all, a number of hosts, or a percentage such as 25%',
);
export const parallel = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be at least 1'),
  v.maxValue(1000, 'must be at most 1000'),
);
export const memory = v.pipe(
  v.string('must be a string such as 256m'),
  // Without the flag i: JSON Schema has no flags.
  v.regex(/^\d+[bkmgBKMG]$/, 'must be a number with b, k, m or g, such as 256m'),
  v.check((text) => bytesOf(text) >= 6 * 2 ** 20, 'must be at least 6m, which is the least that docker takes'),
  v.check((text) => bytesOf(text) <= 2 ** 50, 'must be at most 1048576g'),
);
const bytesOf = (text: string): number =>
  Number.parseInt(text, 10) * 1024 ** 'bkmg'.indexOf(text.slice(-1).toLowerCase());
export const cpus = v.pipe(
  v.number('must be a number'),
  v.minValue(0.01, 'must be at least 0.01'),
  v.maxValue(4096, 'must be at most 4096'),
  v.check((cores) => /^\d+(?:\.\d{1,9})?$/.test(String(cores)), 'must have at most nine digits after the point'),
);
// Docker resolves the names of containers only on networks that a user has created.
export const network = v.pipe(
  string,
  v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'must be the name of a network'),
  v.regex(
    /^(?!(?:host|bridge|none|default)$)/,
    "must be a network that you have created: on Docker's own (host, bridge, none) the load balancer finds no replica",
  ),
);
