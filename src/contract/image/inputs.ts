import type {LayerFacts} from './layers.ts';

/** Files of a service's folder that say what it depends on; their texts are read from the layers. */
export const isManifest = (path: string): boolean =>
  /(^|\/)(package\.json|pyproject\.toml|requirements[\w.-]*\.txt|requirements\/[^/]+\.txt)$/.test(path) && !/(^|\/)(node_modules|site-packages|dist-packages)\//.test(path);

const locks = {
  node: ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'],
  python: ['uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock'],
} as const;

/**
 * Why an image could not be built again as it is: of the folder that it works in, what its manifests leave open, and
 * of its commit, that there was more than the commit. Empty where nothing speaks against it.
 */
export function openInputs({entries, manifests}: Pick<LayerFacts, 'entries' | 'manifests'>, folder: string, revision: string): string[] {
  const prefix = folder.replace(/^\/+/, '').replace(/\/*$/, '/').replace(/^\/$/, '');
  const has = (name: string): boolean => entries.has(prefix + name);
  const text = (name: string): string => (has(name) ? manifests.get(prefix + name) ?? '' : '');
  const requirements = [...manifests.keys()].filter((path) => path.startsWith(prefix) && entries.has(path) && /^(requirements\/)?[^/]+\.txt$/.test(path.slice(prefix.length)));
  const complaints = /dirty/.test(revision) ? [`made of more than a commit: ${revision}`] : [];
  if (needsNode(text('package.json')) && !locks.node.some(has)) complaints.push('package.json has dependencies and no lock file');
  for (const path of requirements) complaints.push(...unpinned(manifests.get(path) ?? '').map((name) => `${path.slice(prefix.length)} does not pin ${name}`));
  if (requirements.length === 0 && needsPython(text('pyproject.toml')) && !locks.python.some(has)) complaints.push('pyproject.toml has dependencies and no lock file');
  return complaints;
}

function needsNode(text: string): boolean {
  try {
    const {dependencies = {}, optionalDependencies = {}} = JSON.parse(text) as Partial<Record<'dependencies' | 'optionalDependencies', object>>;
    return Object.keys({...dependencies, ...optionalDependencies}).length > 0;
  } catch {
    return false;
  }
}

const needsPython = (text: string): boolean => /^dependencies\s*=\s*\[\s*["']/m.test(text);

/** Requirements without an exact version, a hash or a URL; options (`-r`, `--hash`) and comments are none. */
function unpinned(text: string): string[] {
  return text.replaceAll(/\\\r?\n/g, ' ').split('\n').map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('-') && !/===?\s*[\w.]|\s@\s|--hash=/.test(line))
    .map((line) => /^[\w.-]+/.exec(line)?.[0] ?? line);
}
