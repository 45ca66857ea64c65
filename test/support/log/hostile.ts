// Values that break logs, from a seed: the same ones at every run.

/** Secrets that are planted in them, each with the form in which a line must not have it. */
export const planted = ['Zq8#swordfish"77', 'tr0ub4dor&3\nline'] as const;
/** Values of fields whose names say that they are secrets. */
export const named = 'NAMED-s3cret-value';

/** Numbers below 1, from a seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const texts = [
  'plain',
  'two\nlines\r\n',
  '\u001b[2J\u001b]0;title\u0007',
  '\0\u0001\u007f\u0085\u009b31m',
  '\ud800lone\udfff',
  '\u2028\u2029',
  '"quoted\\"',
  '😀'.repeat(40),
  'é'.repeat(5000),
  `postgres://shop:${encodeURIComponent(planted[0])}@db/shop`,
  `Authorization: Bearer ${named}`,
  '__proto__',
  'constructor',
  'toJSON',
  '',
];

const names = [
  'a',
  'err',
  'level',
  'time',
  'seq',
  'message',
  'request_id',
  '__proto__',
  'constructor',
  'x\n\u2028',
  'toString',
];
const secretNames = ['password', 'authorization', 'x-api-key', 'accessToken', 'Set-Cookie'];

const throwing = (): never => {
  throw new Error(planted[0]);
};

/** A hostile value. */
export function hostile(random: () => number, depth = 0): unknown {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;
  const some = (): number => Math.floor(random() * 4);
  const inner = (): unknown => hostile(random, depth + 1);
  const kind = Math.floor(random() * (depth > 3 ? 10 : 24));
  switch (kind) {
    case 0:
    case 1:
    case 2:
      return pick(texts);
    case 3:
      return `before ${pick(planted)} after`;
    case 4:
      return pick([0, -0, 1e21, Number.NaN, Infinity, 2 ** 53, 0.1]);
    case 5:
      return pick([10n ** 40n, -1n, 2n ** 200n]);
    case 6:
      return pick([null, undefined, true, Symbol('s\n'), () => 1]);
    case 7:
      return pick([
        new Date(Number.NaN),
        new Date(0),
        /a\n/,
        new URL('http://a/?q'),
        Buffer.alloc(9),
        new Map([[{}, 1]]),
      ]);
    case 8:
      return depth === 0 && random() < 0.05 ? 'x'.repeat(10 * 1024 * 1024) : 'x'.repeat(9000);
    case 9:
      return Object.create(null);
    case 10:
      return Object.defineProperty({}, pick(names), {enumerable: true, get: throwing});
    case 11:
      return new Proxy(
        {a: 1},
        {[pick(['get', 'ownKeys', 'getPrototypeOf', 'has', 'getOwnPropertyDescriptor'])]: throwing},
      );
    case 12:
      return {toJSON: pick([throwing, () => inner(), () => undefined])};
    case 13: {
      const circle: unknown[] = [inner()];
      circle.push({circle});
      return circle;
    }
    case 14:
    case 15: {
      const error = Object.assign(new Error(`${pick(texts)}${pick(planted)}`, {cause: inner()}), {data: inner()});
      if (random() < 0.2) Object.defineProperty(error, pick(['message', 'stack', 'name']), {get: throwing});
      if (random() < 0.2) error.stack = `${'    at x (y:1:1)\n'.repeat(3000)}`;
      return error;
    }
    case 16:
      return {[pick(secretNames)]: named, headers: {[pick(secretNames)]: [named]}};
    case 17:
      return ['authorization', named];
    case 18:
      return {rawHeaders: ['Host', 'a', 'Cookie', named]};
    case 19:
      return new Map<unknown, unknown>([[pick(texts), inner()]]);
    case 20:
      return random() < 0.05 ? Array.from({length: 5000}, (_, at) => ({at, text: pick(texts)})) : [inner(), inner()];
    default:
      return Object.fromEntries(
        Array.from({length: some() + 1}, () => [pick(random() < 0.3 ? texts : names), inner()]),
      );
  }
}
