/**
 * The files that the start scripts of package.json run with `node FILE`, the script for production first. Not from a
 * script with more than that, such as options of node: `run` would leave them out.
 * @example
 * startedModule({start: 'nest start', 'start:prod': 'node dist/main'}); // ['dist/main', 'dist/main.js', ...]
 */
export function startedModule(scripts: Readonly<Record<string, string>> = {}): readonly string[] {
  const names = ['start:prod', 'start:production', 'serve:prod', 'start'];
  return names.flatMap((name) => {
    const [, file] =
      /^(?:(?:cross-env )?NODE_ENV=production )?node (?:\.\/)?([\w@./-]+)$/.exec(scripts[name]?.trim() ?? '') ?? [];
    if (file === undefined) return [];
    // As `node` itself completes it.
    return /\.[cm]?[jt]s$/.test(file) ? [file] : [`${file}.js`, `${file}/index.js`, file];
  });
}
