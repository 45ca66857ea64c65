import type {PackageFile} from './package.ts';

type Scripts = NonNullable<PackageFile['scripts']>;

/**
 * How a service runs its unit tests by itself: `test:unit` where it has such a script, else `test`. Scripts that it names are
 * put in their place, so that their runner is seen. Not that of `npm init`, and not this command itself.
 */
export function testScript({scripts = {}}: PackageFile): string | undefined {
  const own = ['test:unit', 'test'].map((name) => scripts[name]?.trim()).find((text) => isOwn(text));
  if (own === undefined) return undefined;
  const whole = withScripts(own, scripts, 0);
  return isOwn(whole) ? whole : own;
}

const isOwn = (text: string | undefined): boolean =>
  text !== undefined && text !== '' && !/no test specified|\bentrypoint\b/.test(text);

const deepest = 5;

/** A script with those that it runs by name, but for those with scripts before or after them. */
function withScripts(text: string, scripts: Scripts, depth: number): string {
  if (depth === deepest) return text;
  return text
    .split(' && ')
    .map((part) => {
      const [, name = ''] = /^(?:(?:npm|pnpm|bun|yarn) run(?: -s| --silent)?|yarn) ([\w:.-]+)$/.exec(part.trim()) ?? [];
      const named = scripts[name];
      if (named === undefined || [`pre${name}`, `post${name}`].some((hook) => scripts[hook] !== undefined)) return part;
      return withScripts(named.trim(), scripts, depth + 1);
    })
    .join(' && ');
}
