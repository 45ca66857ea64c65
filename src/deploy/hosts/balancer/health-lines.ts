import {
  type HealthCheck,
  type HttpCheck,
  isPathCheck,
  requestText,
  withHeadersOf,
} from '../../../service/schema/health-check.ts';
import type {BalancerState} from './state.ts';

// The health check of a backend. It has one, whose request can depend on the name of the server, but not what it expects.

type Checks = Pick<BalancerState, 'health' | 'otherHealth'>;

/** The lines of the check; none where a connection is enough. */
export function healthLines({health, otherHealth = {}}: Checks): string[] {
  if (health.kind !== 'http') return [];
  const others = Object.entries(otherHealth).flatMap(([name, check]): Other[] => {
    const other = withHeadersOf(check, health);
    return other.kind === 'http' && isAlike(other, health) ? [{name, check: other}] : [];
  });
  return [
    // What `lb` repeats where the check fails.
    `#? ${requestText(health).replaceAll('\\', '\\\\').replaceAll('\r', '\\r').replaceAll('\n', '\\n')}`,
    `    option httpchk GET ${health.path}`,
    ...sendLines(health, others),
    `    http-check expect status ${health.status}`,
    ...Object.entries(health.answer).map(
      ([name, pattern]) => `    http-check expect fhdr name ${quoted(name)} value -m reg ${quoted(pattern)}`,
    ),
    ...(health.body === '' ? [] : [`    http-check expect rstring ${quoted(health.body)}`]),
  ];
}

interface Other {
  readonly name: string;
  readonly check: HttpCheck;
}

function sendLines(health: HttpCheck, others: readonly Other[]): string[] {
  const values = (valueOf: (check: HttpCheck) => string): Record<string, readonly string[]> => {
    const different = others.filter(({check}) => valueOf(check) !== valueOf(health));
    return Object.fromEntries(
      [...Map.groupBy(different, ({check}) => valueOf(check))].map(([value, slots]) => [
        value,
        slots.map(({name}) => name),
      ]),
    );
  };
  const paths = values(({path}) => path);
  if (isPathCheck(health) && Object.keys(paths).length === 0) return [];
  const uri = Object.keys(paths).length === 0 ? `uri ${health.path}` : `uri-lf ${byServer(paths, health.path)}`;
  const headers = Object.entries(health.headers).map(([name, value]) => {
    const different = values((check) => check.headers[name] ?? '');
    const text = Object.keys(different).length === 0 ? quoted(value.replaceAll('%', '%%')) : byServer(different, value);
    return ` hdr ${quoted(name)} ${text}`;
  });
  return [`    http-check send meth GET ${uri}${headers.length === 0 ? '' : ' ver HTTP/1.1'}${headers.join('')}`];
}

/** The value of some servers, and that of all others. The sign `=`, with which no server begins, marks what is replaced. */
function byServer(values: Readonly<Record<string, readonly string[]>>, usual: string): string {
  const choices = Object.entries(values).map(
    ([value, names]) => `regsub("^(${names.map((name) => name.replaceAll('.', '\\.')).join('|')})$","=${value}")`,
  );
  return `'%[srv_name,${[...choices, `regsub("^[^=].*$","=${usual}")`, 'regsub("^=","")'].join()}]'`;
}

/** Whether one backend can check both: they expect the same, and send the same headers with values that a list can have. */
const isAlike = (one: HttpCheck, other: HttpCheck): boolean =>
  shapeOf(one) === shapeOf(other) &&
  Object.keys(one.headers).every(
    (name) => one.headers[name] === other.headers[name] || [one, other].every(({headers}) => isSimple(headers[name])),
  );

const shapeOf = ({headers, status, answer, body}: HttpCheck): string =>
  JSON.stringify([Object.keys(headers).toSorted(), status, Object.entries(answer).toSorted(), body]);

const isSimple = (value = ''): boolean => /^[\w./~+@:,=&? -]+$/.test(value);

const isConnection = (check: HealthCheck): boolean => check.kind !== 'http';

/**
 * Names of the servers that cannot be checked as their release asks, next to the release to come. While that is so, they
 * get requests unchecked.
 */
export const uncheckedSlots = ({health, otherHealth = {}}: Checks): string[] =>
  Object.entries(otherHealth)
    .filter(([, check]) => {
      const other = withHeadersOf(check, health);
      return other.kind === 'http' && health.kind === 'http'
        ? !isAlike(other, health)
        : isConnection(other) !== isConnection(health);
    })
    .map(([name]) => name);

/**
 * A text as one word of HAProxy's configuration: in double quotes, within which backslashes and variables are special.
 */
export function quoted(text: string): string {
  return `"${text
    .replaceAll(/["\\$#]/g, '\\$&')
    .replaceAll('\r', '')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')}"`;
}
