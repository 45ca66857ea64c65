import {posix} from 'node:path';
import {hostKey} from '../commands/destination.ts';
import {nearest} from '../text/nearest.ts';
import {wrongDockerOptions} from './docker-options.ts';
import type {DeployFile, Environment} from './schema/schema.ts';

// What the schema of deploy.yaml cannot express, since it concerns several keys, or every text.

/** A problem of the file at a path of keys. */
export interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/**
 * The problems of a file beyond its schema.
 * @param given the file as it was written
 * @param file the same with every default; undefined if it breaks the schema
 */
export const crossChecks = (given: unknown, file: DeployFile | undefined): Issue[] => [
  ...texts(given, []),
  ...references(given),
  ...(file === undefined ? [] : [...ports(given, file), ...perEnvironment(file), ...reservedStack(file)]),
];

/** No word of a command, no variable and no label can hold a NUL. */
function texts(value: unknown, path: (string | number)[]): Issue[] {
  const message = 'contains a NUL character, which no program can be given';
  if (typeof value === 'string') return value.includes('\0') ? [{path, message}] : [];
  if (typeof value !== 'object' || value === null) return [];
  const keys: Issue[] = Object.keys(value).some((key) => key.includes('\0')) ? [{path, message}] : [];
  return keys.concat(
    Object.entries(value).flatMap(([key, item]) => texts(item, path.concat(Array.isArray(value) ? Number(key) : key))),
  );
}

/** References to backing services that the file does not declare. */
function references(file: unknown): Issue[] {
  const known = keysOf(file, ['backing_services']);
  const paths = keysOf(file, ['environments']).map((name) => ['environments', name, 'backing_services']);
  return [['test_integration', 'backing_services'], ...paths].flatMap((path) =>
    keysOf(file, path)
      .filter((name) => !known.includes(name))
      .map((name) => {
        const near = nearest(name, known);
        return {
          path: [...path, name],
          message: `is not declared in the file's backing_services${near === undefined ? '' : `; did you mean ${near}?`}`,
        };
      }),
  );
}

/** PORT is what `port` says: with another value, the load balancer would check a port on which the service does not listen. */
function ports(given: unknown, file: DeployFile): Issue[] {
  const paths = keysOf(given, ['environments']).map((name) => ['environments', name, 'environment']);
  return [['test_integration', 'environment'], ...paths].flatMap((path) => {
    const value = valueAt(given, [...path, 'PORT']);
    if (value === undefined || Number(value) === file.port) return [];
    return [{path: [...path, 'PORT'], message: `contradicts \`port\`, which is ${file.port}; set only \`port\``}];
  });
}

const perEnvironment = (file: DeployFile): Issue[] =>
  Object.entries(file.environments).flatMap(([name, settings]) =>
    [
      ...volumeIssues(file, settings),
      ...balancerIssues(settings),
      ...sizeIssues(settings),
      ...wrongDockerOptions(settings.docker_options).map(({index, message}) => ({
        path: ['docker_options', index],
        message,
      })),
    ].map(({path, message}) => ({path: ['environments', name, ...path], message})),
  );

/** Docker compares mount points after it has simplified them, and the volumes of all containers share their names. */
function volumeIssues(file: DeployFile, {volumes, backing_services: backing}: Environment): Issue[] {
  const mounted = new Map<string, string>();
  const twice = Object.entries(volumes).flatMap(([name, path]): Issue[] => {
    const simple = posix.normalize(path).replace(/(?<=.)\/+$/, '');
    const other = mounted.get(simple);
    mounted.set(simple, name);
    if (simple === '/') return [{path: ['volumes', name], message: 'must not be the root directory'}];
    return other === undefined ? [] : [{path: ['volumes', name], message: `is the same path as that of ${other}`}];
  });
  // shop.prod.app.NAME is a volume of the service itself.
  const shared = Object.keys(backing['app'] === undefined ? {} : (file.backing_services['app']?.volumes ?? {}))
    .filter((name) => volumes[name] !== undefined)
    .map((name) => ({
      path: ['volumes', name],
      message: `has the same name as a volume of the backing service app, with which it would be shared; rename one`,
    }));
  return [...twice, ...shared];
}

// A command has 128 KB at most in one word, and ssh gives a host the whole command as one; quotes take more than themselves.
const [longestValue, largestEnvironment] = [100_000, 60_000];

function sizeIssues({environment, labels, hosts}: Environment): Issue[] {
  const values = [environment, labels].flatMap((map) => Object.entries(map));
  const size = values.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  const [largest] = values.toSorted(([, a], [, b]) => b.length - a.length);
  const isTooMuch = hosts.some(({host}) => host !== 'local') && size > largestEnvironment;
  if (largest === undefined || (!isTooMuch && Buffer.byteLength(largest[1]) <= longestValue)) return [];
  const path = [environment[largest[0]] === largest[1] ? 'environment' : 'labels', largest[0]];
  return [
    {
      path,
      message: isTooMuch
        ? `has ${Buffer.byteLength(largest[1])} of ${size} bytes, and a host can be given ${largestEnvironment}; put large values into the image or a volume`
        : `has ${Buffer.byteLength(largest[1])} bytes, and a container can be given ${longestValue}; put it into the image or a volume`,
    },
  ];
}

// The balancer counts by the names of its servers, of which it keeps 128 characters: HOST-50b.
const longestKey = 120;

function balancerIssues({hosts, load_balancer: {hosts: balancers, port, tls, own}}: Environment): Issue[] {
  const path = ['load_balancer', 'tls'];
  const samePort =
    tls !== undefined && port !== 0 && tls.port === port
      ? [{path: tls.port === 443 ? path : [...path, 'port'], message: `has the port of HTTP, ${port}`}]
      : [];
  const tooLong =
    balancers.length === 0 && own === undefined
      ? []
      : hosts.flatMap(({host}, index) =>
          hostKey(host).length <= longestKey
            ? []
            : [
                {
                  path: ['hosts', index],
                  message: `is too long to name a server of the load balancer: at most ${longestKey} characters; give the host a short name in ~/.ssh/config`,
                },
              ],
        );
  return [...samePort, ...tooLong];
}

/** Balancers that several services share are called entrypoint.balancer.NAME. */
const reservedStack = ({service, environments}: DeployFile): Issue[] =>
  service === 'entrypoint' && environments['balancer'] !== undefined
    ? [
        {
          path: ['environments', 'balancer'],
          message: 'must have another name: shared load balancers are called entrypoint.balancer',
        },
      ]
    : [];

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], value);
}

function keysOf(value: unknown, [key, ...rest]: readonly string[]): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return key === undefined ? Object.keys(value) : keysOf((value as Record<string, unknown>)[key], rest);
}
