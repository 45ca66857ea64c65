import {nearest} from '../../text/nearest.ts';
import {type AddressForm, wrongAddress} from './address.ts';

// What the options of Docker's log drivers can be, as the drivers read them: some are read at the start of a container only,
// in the middle of a deploy. Each rule returns the end of a sentence that begins with the option's name.

/** A rule for a value: what is wrong with it, or undefined. */
export type ValueRule = (value: string) => string | undefined;

const matching =
  (pattern: RegExp, message: string): ValueRule =>
  (value) =>
    pattern.test(value) ? undefined : message;

export const anyText: ValueRule = () => undefined;

export const text = matching(/\S/, 'must not be empty');

/** As Go's strconv.ParseBool reads it. */
export const truth = matching(/^(?:1|0|t|f|T|F|true|false|True|False|TRUE|FALSE)$/, 'must be true or false');

const size = /^(\d+(?:\.\d+)*) ?([kmgtp]?)i?b?$/i;

/** A size in bytes: `10m`, `512k`, `1.5GiB`; undefined for a text that is none. */
export function bytesOf(value: string): number | undefined {
  const [, digits = '', unit = ''] = size.exec(value) ?? [];
  const number = Number(digits);
  if (digits === '' || Number.isNaN(number)) return undefined;
  return number * 1024 ** ' kmgtp'.indexOf(unit.toLowerCase() || ' ');
}

/** @see https://pkg.go.dev/github.com/docker/go-units#RAMInBytes */
export const positiveSize: ValueRule = (value) =>
  (bytesOf(value) ?? 0) >= 1 ? undefined : 'must be a size such as 512k, 10m or 1g';

export const wholeNumber = (least: number, most: number = Number.MAX_SAFE_INTEGER): ValueRule => {
  const message =
    most === Number.MAX_SAFE_INTEGER
      ? `must be a whole number, at least ${least}`
      : `must be a whole number from ${least} to ${most}`;
  return (value) =>
    /^-?\d{1,15}$/.test(value) && Number(value) >= least && Number(value) <= most ? undefined : message;
};

export const oneOf =
  (...values: readonly string[]): ValueRule =>
  (value) => {
    if (values.includes(value)) return undefined;
    const near = nearest(value, values);
    return `must be ${values.slice(0, -1).join(', ')}${values.length > 1 ? ' or ' : ''}${values.at(-1)}${near === undefined ? '' : `; did you mean ${near}?`}`;
  };

const unitSeconds: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** A duration of Go in seconds: `1.5s`, `1m30s`, `250ms`; undefined for a text that is none. */
export function secondsOf(value: string): number | undefined {
  if (value === '0') return 0;
  const parts = [...value.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== value) return undefined;
  return parts.reduce((sum, [, number = '', unit = '']) => sum + Number(number) * (unitSeconds[unit] ?? 0), 0);
}

export const duration =
  (least = 0, most = Number.POSITIVE_INFINITY, range = ''): ValueRule =>
  (value) => {
    const seconds = secondsOf(value);
    if (seconds === undefined) return 'must be a duration such as 500ms, 10s or 1m30s';
    return seconds === 0 || (seconds >= least && seconds <= most) ? undefined : `must be ${range}`;
  };

export const hostFile = matching(
  /^\/[^\n]*[^\n/]$/,
  'must be the absolute path of a file on the hosts: the engine reads it there',
);

/** A regular expression of Go, which has no look-around; its flags at the beginning are none of JavaScript. */
export const pattern: ValueRule = (value) => {
  const message = 'must be a regular expression';
  if (value === '' || /\(\?<?[=!]/.test(value)) return message;
  try {
    return RegExp(value.replace(/^\(\?[imsU]+\)/, '').replaceAll('(?P<', '(?<')) instanceof RegExp
      ? undefined
      : message;
  } catch {
    return message;
  }
};

/** A template of Go: `{{.Name}}/{{.ID}}`. */
export const template: ValueRule = (value) =>
  /\{\{|\}\}/.test(value.replaceAll(/\{\{[^{}]+\}\}/g, ''))
    ? 'must have each {{ closed by }}, such as {{.Name}}/{{.ID}}'
    : undefined;

export const address =
  (form: AddressForm): ValueRule =>
  (value) =>
    wrongAddress(value, form);
