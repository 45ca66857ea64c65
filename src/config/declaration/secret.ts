const brand = Symbol.for('entrypoint.secret');

/**
 * A value that only `reveal()` shows. As text, in JSON, in templates, logs and error pages it is `[secret NAME]`.
 * @example
 * new Pool({password: config.DATABASE_PASSWORD.reveal()});
 */
export interface Secret<Value = string> {
  readonly [brand]: true;
  /** The value itself, for the one place that needs it. */
  readonly reveal: () => Value;
  readonly toString: () => string;
  readonly toJSON: () => string;
}

/**
 * Makes a secret, for tests of code that takes one.
 * @param name what is printed in place of the value
 * @example
 * const pool = createPool({url: 'postgres://shop@localhost/shop', password: secret('swordfish')});
 */
export function secret<Value>(value: Value, name = 'value'): Secret<Value> {
  const text = (): string => `[secret ${name}]`;
  const hidden = {
    [brand]: true,
    // The value is in a closure: listing or cloning the properties of the object does not find it.
    reveal: (): Value => value,
    toString: text,
    toJSON: text,
    valueOf: text,
    [Symbol.toPrimitive]: text,
    [Symbol.for('nodejs.util.inspect.custom')]: text,
  };
  const descriptors = Object.getOwnPropertyDescriptors(hidden);
  for (const one of Object.values(descriptors) as PropertyDescriptor[]) one.enumerable = false;
  for (const key of Object.getOwnPropertySymbols(descriptors))
    (descriptors as Record<symbol, PropertyDescriptor>)[key]!.enumerable = false;
  return Object.freeze(Object.create(null, descriptors)) as Secret<Value>;
}

/**
 * Whether a value is a {@link Secret}, even one from another copy of this module.
 * @example
 * const shown = Object.entries(values).filter(([, value]) => !isSecret(value));
 */
export function isSecret(value: unknown): value is Secret<unknown> {
  return typeof value === 'object' && value !== null && brand in value;
}

/** The secrets that the declarations of this process have read, by the name of their variable. */
export type KnownSecrets = Map<string, readonly Secret<unknown>[]>;

const registry = Symbol.for('entrypoint.known-secrets');

// A value that changes, as in tests, does not fill the memory.
const mostOfOneName = 8;

/**
 * The secrets of this process. `entrypoint/log` and `entrypoint/config` are separate files, and a process can have
 * several copies of each: they meet in the registry of symbols. It holds the secrets, not their values.
 */
export function knownSecrets(): KnownSecrets {
  const shared = globalThis as {[registry]?: KnownSecrets};
  if (shared[registry] === undefined)
    Object.defineProperty(shared, registry, {value: new Map() satisfies KnownSecrets, configurable: true});
  return shared[registry] as KnownSecrets;
}

/** Remembers a secret, so that its value is found wherever it is logged. */
export function rememberSecret(name: string, one: Secret<unknown>): void {
  const known = knownSecrets();
  const before = known.get(name) ?? [];
  const value = one.reveal();
  if (value === undefined || before.some((other) => other.reveal() === value)) return;
  known.set(name, [...before.slice(1 - mostOfOneName), one]);
}
