import type {AuditedKey, Configuration, Key, KeyClass} from '../model/types.ts';
import {type Derivation, fromKey, fromName} from './derived.ts';
import {hostReading} from './host.ts';
import {secretReason, shownName} from './secret.ts';
import {distinct, effectiveText, spelling} from './values.ts';

/** A key with its class and what follows from it for the files that are written. */
export interface Classified extends AuditedKey {
  readonly of: Key;
  readonly derivation: Derivation | undefined;
}

/** Answers whether the source reads a key. */
export type IsRead = (key: Key) => boolean;

/** One true thing about a key, with its class and its reason. */
interface Finding {
  readonly class: KeyClass;
  readonly why: string;
  readonly derivation?: Derivation | undefined;
}

/**
 * Classifies every key: it has the first class that is true of it, in the order of `classes`, and the others as notes.
 * A reason never contains a value. `isRead` is undefined without source: then no key is dead.
 */
export function classify(configuration: Configuration, isRead: IsRead | undefined): readonly Classified[] {
  const {keys, environments} = configuration;
  const referenced = new Set(
    keys.flatMap((key) => [...key.settings.values()].flatMap(({references = []}) => references)),
  );
  const isAlive = (key: Key): boolean =>
    isRead === undefined ||
    isRead(key) ||
    referenced.has(key.name) ||
    referenced.has(key.path.at(-1) ?? '') ||
    referenced.has(key.path[0] ?? '');
  const others = candidatesOf(configuration);
  return keys.map((key) => {
    const findings = findingsOf(key, environments, others, isAlive(key));
    const [first = {class: 'constant' as const, why: ''}, ...rest] = findings;
    const place = [...key.settings.values()][0];
    return {
      key: shownName(key.path),
      class: first.class,
      file: place?.file ?? '',
      line: place?.line ?? 1,
      why: first.why,
      notes: [...rest.map((other) => `${other.class}: ${other.why}`), ...variableNotes(key)],
      secret: findings.some((finding) => finding.class === 'secret'),
      of: key,
      derivation: findings.find(({derivation}) => derivation !== undefined)?.derivation,
    };
  });
}

function findingsOf(
  key: Key,
  environments: readonly string[],
  others: Candidates,
  isAlive: boolean,
): readonly Finding[] {
  const settings = [...key.settings.values()];
  const found: Finding[] = [];
  if (!isAlive) found.push({class: 'dead', why: 'the source never reads it'});
  const missing = environments.filter((name) => !key.settings.has(name));
  if (missing.length > 0)
    found.push({
      class: 'missing somewhere',
      why: `set in ${listText([...key.settings.keys()])}, not in ${listText(missing)}`,
    });
  const secret = secretReason(key);
  if (secret !== undefined) found.push({class: 'secret', why: secret});
  const host = hostReading(key);
  if (host?.kind === 'host') found.push({class: 'not for a container', why: host.why});
  const readings = settings.find((setting) => setting.readings !== undefined)?.readings;
  if (readings !== undefined) found.push({class: 'ambiguous', why: readingsText(readings)});
  if (host?.kind === 'ambiguous') found.push({class: 'ambiguous', why: readingsText(host.readings)});
  // With one value there is nothing to compare.
  if (found.length > 0 && settings.length < 2) return found;
  return [...found, ...byDifference(key, environments, others)];
}

function byDifference(key: Key, environments: readonly string[], others: Candidates): readonly Finding[] {
  const variable = [...key.settings.values()].find((setting) => setting.variable !== undefined)?.variable;
  if (environments.length < 2)
    return variable === undefined
      ? [{class: 'ambiguous', why: 'constant or varies: one environment does not show which'}]
      : [{class: 'varies', why: `is read from the variable ${variable} already`}];
  const settings = [...key.settings.values()];
  const differs = distinct(key) > 1 || others.differ(key);
  if (!differs) {
    if (variable !== undefined && settings.length > 0)
      return [{class: 'varies', why: `is read from the variable ${variable} already`}];
    const isCode = settings.some(({expression}) => expression !== undefined);
    return [
      {
        class: 'constant',
        why: isCode ? `the same code in ${everywhere(settings.length)}` : `the same in ${everywhere(settings.length)}`,
      },
    ];
  }
  const spellings = new Set(settings.map(spelling));
  if (
    distinct(key) > 1 &&
    spellings.size === 1 &&
    !spellings.has(undefined) &&
    settings.every(({value}) => value !== '')
  )
    return [
      {
        class: 'ambiguous',
        why: readingsText([
          'constant, if the program takes these spellings for one value',
          'varies, if it compares the text',
        ]),
      },
    ];
  const derivation = others.derivationOf(key);
  if (derivation !== undefined) return [{class: 'derived', why: derivation.why, derivation}];
  return [{class: 'varies', why: `${distinct(key)} values in ${settings.length} environments`}];
}

function everywhere(count: number): string {
  return count === 2 ? 'both environments' : `all ${count} environments`;
}

function listText(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function readingsText([one, other]: readonly [string, string]): string {
  return `either ${one}; or ${other}`;
}

function variableNotes(key: Key): readonly string[] {
  const names = new Set([...key.settings.values()].flatMap(({variable}) => variable ?? []));
  return names.size === 0 ? [] : [`read from ${[...names].join(', ')} already`];
}

/** What other keys say about a key. */
interface Candidates {
  /** Whether its values differ once references are replaced by what they name. */
  readonly differ: (key: Key) => boolean;
  readonly derivationOf: (key: Key) => Derivation | undefined;
}

function candidatesOf({keys}: Configuration): Candidates {
  const byName = Map.groupBy(keys, ({name}) => name);
  // In an ini file, %(name)s is a key of the same section.
  const find = (key: Key, name: string): Key | undefined =>
    (byName.get(name) ?? byName.get([...key.path.slice(0, -1), name].join('.')) ?? [])[0];
  const all = new Map(keys.map((key) => [key, textsOf(key, (name) => find(key, name))]));
  const textsOfKey = (key: Key): ReadonlyMap<string, string> => all.get(key) ?? new Map<string, string>();
  const differ = (key: Key): boolean => {
    const texts = textsOfKey(key);
    return texts.size === key.settings.size && new Set(texts.values()).size > 1;
  };
  const bases = keys.filter((key) => differ(key) && secretReason(key) === undefined);
  const written = (key: Key): Derivation | undefined => {
    const names = new Set([...key.settings.values()].flatMap(({references = []}) => references));
    const other = [...names].flatMap((name) => find(key, name) ?? []).find((one) => one !== key && differ(one));
    return other === undefined
      ? undefined
      : {why: `is made of ${other.name}`, from: other, template: [], nameForm: undefined};
  };
  return {
    differ,
    derivationOf: (key) => {
      const texts = textsOfKey(key);
      if (!differ(key)) return written(key);
      const direct = written(key) ?? fromName(texts);
      if (direct !== undefined) return direct;
      for (const other of bases) {
        if (other === key) continue;
        const derivation = fromKey(texts, other, textsOfKey(other));
        const isEqual = derivation?.template.every((part) => part === '') === true;
        // Of two equal keys, the first one is the original.
        if (derivation !== undefined && !(isEqual && keys.indexOf(key) < keys.indexOf(other))) return derivation;
      }
      return undefined;
    },
  };
}

function textsOf(key: Key, find: (name: string) => Key | undefined): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const environment of key.settings.keys()) {
    const text = effectiveText(key, environment, find);
    if (text !== undefined) texts.set(environment, text);
  }
  return texts;
}
