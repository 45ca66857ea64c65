import type {UsageError} from '../../errors.ts';
import {mustBe, readValue} from '../../option.ts';
import {addressText, maxPathBytes, parseAddress, parseHost, splitAddresses} from './address.ts';
import type {Given} from './given.ts';
import {parseNetworks} from './networks.ts';
import type {Setting} from './settings.ts';

/** A value and its origin: `--workers`, `WEB_CONCURRENCY`, `APP_SERVER_CMD_ARGS`, or how the default came about. */
export interface Origin {
  readonly value: number | boolean | string | undefined;
  readonly from: string;
  /** False for a default. */
  readonly given: boolean;
}

/** The value of a setting as it was given, or its default; a wrong one is added to `errors`. */
export function originOf(setting: Setting, given: Given | undefined, errors: UsageError[]): Origin {
  if (given === undefined) return {value: setting.defaultValue, from: 'default', given: false};
  const reading = readSetting(setting, given.text, given.subject);
  if ('error' in reading) errors.push(reading.error);
  return {value: 'value' in reading ? reading.value : undefined, from: given.from, given: true};
}

type Value = {readonly value: number | boolean | string} | {readonly error: UsageError};

// https://docs.gunicorn.org/en/stable/settings.html#access-log-format
const atomName = /^(?:[hlutrmUqHsBbfaTDMLp]|\{[^}]+\}[ioe])$/;
const units: Readonly<Record<string, number>> = {'': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3};

/** One value from its text, within its limits; `subject` is how messages name the setting. */
export function readSetting(setting: Setting, text: string, subject: string): Value {
  const {kind, choices} = setting;
  const wrong = (must: string): Value => ({error: {what: mustBe(subject, must, text)}});
  if (kind === 'address') return readAddresses(setting, text, subject);
  if (kind === 'host') {
    const host = parseHost(text);
    return host === undefined ? wrong('an IP address or a host name') : {value: host};
  }
  if (kind === 'mode') return /^0?[0-7]{3}$/.test(text) ? {value: text} : wrong('an octal mode such as 660');
  if (kind === 'owner')
    return /^([\w.-]+(:[\w.-]+)?|:[\w.-]+)$/.test(text) ? {value: text} : wrong('USER, USER:GROUP or :GROUP');
  if (kind === 'networks')
    return parseNetworks(text) === undefined
      ? wrong('a list of addresses and networks such as 127.0.0.1,10.0.0.0/8, or *')
      : {value: text};
  if (kind === 'format') {
    const [unknown] = [...text.matchAll(/%\(([^)]*)\)s/g)].find(([, name = '']) => !atomName.test(name)) ?? [];
    if (unknown === undefined) return {value: text};
    return {
      error: {what: `${subject} has an unknown atom: ${unknown}`, fix: "write json, or a line of gunicorn's atoms"},
    };
  }
  if (kind === 'bytes' || kind === 'number') {
    const value = kind === 'bytes' ? bytesOf(text) : numberOf(text, setting.fraction === true);
    return value >= (setting.min ?? 0) && value <= (setting.max ?? Infinity) ? {value} : wrong(limitsText(setting));
  }
  return readValue({kind: kind === 'text' ? 'string' : kind, choices}, [text], subject) as Value;
}

/** One address, or of a list several, separated by commas, in canonical form. */
function readAddresses({list, socket = true}: Setting, text: string, subject: string): Value {
  const found: string[] = [];
  for (const one of list === true ? splitAddresses(text) : [text]) {
    const address = parseAddress(one);
    if (address === undefined || ('path' in address && !socket))
      return {
        error: {
          what: mustBe(subject, `an address such as 0.0.0.0:3000${socket ? ' or unix:/run/app.sock' : ''}`, one),
          ...addressFix(one),
        },
      };
    if ('path' in address && Buffer.byteLength(address.path) > maxPathBytes)
      return {
        error: {
          what: `${subject} has a path of ${Buffer.byteLength(address.path)} bytes; a Unix socket can have ${maxPathBytes}`,
          fix: 'choose a shorter path, or one relative to the working directory',
        },
      };
    const canonical = addressText(address);
    if (found.includes(canonical) && !canonical.endsWith(':0'))
      return {error: {what: `${subject} names ${canonical} twice`, fix: 'leave one out'}};
    found.push(canonical);
  }
  return {value: found.join(',')};
}

function addressFix(text: string): Pick<UsageError, 'fix'> {
  if (text.startsWith('unix:@')) return {fix: 'abstract sockets have no permissions: write the path of a file'};
  const [, host, port] = /^([\dA-Fa-f:.]*:[\dA-Fa-f:.]*):(\d+)$/.exec(text) ?? [];
  if (host !== undefined && parseHost(host) !== undefined)
    return {fix: `put the IPv6 address in brackets: [${host}]:${port}`};
  return parseHost(text)?.includes(':') === true ? {fix: `add a port: [${parseHost(text)}]:3000`} : {};
}

function bytesOf(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  return digits === '' ? NaN : Number(digits) * (units[unit.toLowerCase()] ?? NaN);
}

function numberOf(text: string, fraction: boolean): number {
  return (fraction ? /^(\d+\.?\d*|\.\d+)$/ : /^\d+$/).test(text) ? Number(text) : NaN;
}

function limitsText({kind, min = 0, max = Infinity, fraction}: Setting): string {
  const number =
    kind === 'bytes' ? 'a number of bytes (16384, 16k, 10m, 1g)' : fraction === true ? 'a number' : 'a whole number';
  return max === Infinity ? `${number} of at least ${min}` : `${number} from ${min} to ${max}`;
}
