import type {Environment} from './source.ts';

/** A variable that is set, and the declared one that it probably means. */
export interface Misspelt {
  readonly name: string;
  readonly meant: string;
}

// What a shell or a container has anyway: one letter from `USERS` or `PATHS`.
const usual: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'SHELL',
  'LANG',
  'TERM',
  'PWD',
  'OLDPWD',
  'HOSTNAME',
  'LOGNAME',
  'MAIL',
  'EDITOR',
]);
const shortest = 4;

/**
 * Variables that are one edit away from a declared one that has no value of its own. Case and underscores do not count.
 * @param unset the declared names without a value
 */
export function misspeltNames(unset: readonly string[], declared: ReadonlySet<string>, env: Environment): Misspelt[] {
  const wanted = unset.map((name) => ({name, plain: plainOf(name)})).filter(({plain}) => plain.length >= shortest);
  if (wanted.length === 0) return [];
  return Object.keys(env)
    .filter((name) => !usual.has(name) && !declared.has(name) && /^[A-Za-z0-9_]+$/.test(name))
    .toSorted()
    .flatMap((name) => {
      const plain = plainOf(name);
      const file = plain.endsWith('file') ? plain.slice(0, -4) : undefined;
      const meant = wanted.find((one) => isNear(plain, one.plain) || (file !== undefined && isNear(file, one.plain)));
      if (meant === undefined) return [];
      const suffix = isNear(plain, meant.plain) ? '' : '_FILE';
      return [{name, meant: `${meant.name}${suffix}`}];
    });
}

/** `DATABSE_URL is not declared: did you mean DATABASE_URL?` */
export const misspeltText = ({name, meant}: Misspelt): string => `${name} is not declared: did you mean ${meant}?`;

const plainOf = (name: string): string => name.replaceAll('_', '').toLowerCase();

/** Whether two texts differ by at most one letter that is added, missing or wrong, or by two neighbours in the wrong order. */
function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  if (at === a.length && at === b.length) return true;
  const rest = (text: string, from: number): string => text.slice(at + from);
  if (rest(a, 1) === rest(b, 1) || rest(a, 1) === rest(b, 0) || rest(a, 0) === rest(b, 1)) return true;
  return a[at] === b[at + 1] && a[at + 1] === b[at] && rest(a, 2) === rest(b, 2);
}
