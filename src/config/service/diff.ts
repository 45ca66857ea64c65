import {createHmac, randomBytes} from 'node:crypto';
import {table} from '../../text/table.ts';
import {defaultText} from './model/about.ts';
import type {Declaration} from './model/declaration.ts';
import type {Passed} from './passed.ts';

/** How a variable differs between two environments. */
export interface Difference {
  readonly name: string;
  readonly state: 'same' | 'differs' | 'only in one' | 'unknown';
  /** What each has, for people: `default`, `secrets`, or the value of a harmless variable. */
  readonly has: readonly [string, string];
}

/** One environment of a comparison. */
export interface Side {
  readonly name: string;
  readonly passed: Passed;
}

/**
 * Compares what two environments pass, the declared variables first. Values are compared as hashes with a salt that exists
 * only during the comparison: no value, and no hash of one, is in the result.
 */
export function differences({fields, names}: Declaration, sides: readonly [Side, Side]): readonly Difference[] {
  const salt = randomBytes(32);
  const hash = (text: string): string => createHmac('sha256', salt).update(text).digest('hex');
  const others = new Set(sides.flatMap(({passed}) => [...passed.sources.keys()]).filter((name) => !names.has(name)));
  const isFixed = (name: string): boolean =>
    sides.every(({passed}) => ['the base image', 'the build', 'Dockerfile'].includes(passed.sources.get(name) ?? ''));
  const all = [...fields.map(({name}) => name), ...[...others].toSorted()].filter(
    (name) => names.has(name) || !isFixed(name),
  );
  return all.map((name) => {
    const field = fields.find((one) => one.name === name);
    const seen = sides.map(({passed}): Seen => {
      const source = passed.sources.get(name) ?? passed.sources.get(`${name}_FILE`);
      const isSet = source !== undefined && passed.env[name] !== '';
      const usual = field === undefined || isSet ? undefined : defaultText(field);
      const text = isSet ? passed.env[name] : usual;
      const shown = field?.harmless === true || usual !== undefined ? text : undefined;
      return {
        hash: text === undefined ? undefined : hash(text),
        has: usual === undefined ? (shown ?? (isSet ? source : '-')) : `${usual} (default)`,
        isSet: isSet || usual !== undefined,
      };
    });
    return {name, state: stateOf(seen), has: [seen[0]?.has ?? '-', seen[1]?.has ?? '-']};
  });
}

interface Seen {
  /** Undefined: it is not known here. */
  readonly hash: string | undefined;
  readonly has: string;
  readonly isSet: boolean;
}

function stateOf(seen: readonly Seen[]): Difference['state'] {
  const [a, b] = seen;
  if (a === undefined || b === undefined || a.isSet !== b.isSet) return 'only in one';
  if (!a.isSet) return 'same';
  if (a.hash === undefined || b.hash === undefined) return 'unknown';
  return a.hash === b.hash ? 'same' : 'differs';
}

/** The comparison as a table: what differs first. */
export function differencesText(found: readonly Difference[], [a, b]: readonly [string, string]): string {
  const order = ['differs', 'only in one', 'unknown', 'same'];
  const sorted = found.toSorted((one, other) => order.indexOf(one.state) - order.indexOf(other.state));
  const count = found.filter(({state}) => state === 'differs' || state === 'only in one').length;
  const unknown = found.filter(({state}) => state === 'unknown').length;
  return [
    `${count} of ${found.length} variables differ between ${a} and ${b}${unknown === 0 ? '' : `; of ${unknown}, a value is not known on this machine`}`,
    '',
    ...table([['variable', '', a, b], ...sorted.map(({name, state, has}) => [name, state, has[0], has[1]])], {gap: 2}),
  ].join('\n');
}
