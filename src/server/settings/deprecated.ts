import {declaration, type SettingName} from './declaration.ts';
import type {DeprecatedVariable, Given, GivenSettings} from './given.ts';
import {readSetting} from './value.ts';

// Names such as HOST and TIMEOUT have other meanings as well: tcsh exports HOST, a service has a TIMEOUT of its own. Without
// the prefix, only PORT and WEB_CONCURRENCY count. The other short names still do in this version, with a warning.

/** The settings that count, and the deprecated variables that were found. */
export interface WithoutForeign {
  readonly given: GivenSettings;
  readonly deprecated: readonly DeprecatedVariable[];
}

/**
 * Removes deprecated variables that most likely mean something else: an invalid value is no error, since its owner may
 * never have heard of this server. Those that another setting overrides are not worth a warning.
 * @param refuse a further reason why a value has no effect
 */
export function withoutForeign(
  given: GivenSettings,
  refuse: (name: SettingName, one: Given) => string | undefined = () => undefined,
): WithoutForeign {
  const kept = new Map(given);
  const deprecated: DeprecatedVariable[] = [];
  for (const [name, one] of given) {
    if (one.deprecated === undefined) continue;
    const ignored = foreignText(name, one) ?? refuse(name, one);
    const isOverridden = name === 'host' && (given.get('bind')?.rank ?? 0) >= one.rank;
    if (ignored !== undefined || isOverridden) kept.delete(name);
    if (!isOverridden) deprecated.push({...one.deprecated, ignored});
  }
  return {given: kept, deprecated};
}

function foreignText(name: SettingName, {text}: Given): string | undefined {
  // tcsh and conda set HOST to the name of a machine, which often resolves to an address that no client can reach.
  if (
    name === 'host' &&
    process.getBuiltinModule('node:net').isIP(text.replace(/^\[(.*)\]$/, '$1')) === 0 &&
    text !== 'localhost'
  )
    return 'not an IP address';
  // Python has worker classes of packages and of the service.
  if (name === 'workerClass') return undefined;
  return 'error' in readSetting(declaration[name], text, name) ? 'not a value of this setting' : undefined;
}

/** One warning for all of them; undefined for none. */
export function deprecationText(
  all: readonly DeprecatedVariable[],
): {readonly message: string; readonly fix: string} | undefined {
  if (all.length === 0) return undefined;
  const names = all.map(({name, ignored}) => (ignored === undefined ? name : `${name} (ignored: ${ignored})`));
  const renames = all.map(({name, replacement}) => `${name} to ${replacement}`);
  return {
    message: `deprecated environment variables: ${names.join(', ')}`,
    fix: `rename ${renames.join(', ')}; the next version ignores the short names`,
  };
}
