import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {ManagerName} from './manager/locks.ts';
import {dependenciesOf, type Manifest, type Package, type Project} from './project.ts';
import type {Refusal} from './report.ts';

// The scripts of the service's own packages. Those of dependencies run with the install; these need the source, which
// is copied later, so they run then: otherwise `patch-package` or `prisma generate` find nothing, and may not even say so.

/** The scripts that an install runs in the service's own packages, in this order. */
export function lifecycleScripts(manager: ManagerName): readonly string[] {
  const install = ['preinstall', 'install', 'postinstall'];
  // yarn 2 and later run nothing else.
  return manager === 'berry' ? install : [...install, 'preprepare', 'prepare', 'postprepare'];
}

const all = [...lifecycleScripts('npm'), 'prepublish'];

/** package.json without the scripts that an install would run; undefined if it has none. */
export function withoutLifecycle(text: string): string | undefined {
  const manifest = JSON.parse(text.replace(/^\uFEFF/, '')) as Manifest;
  const kept = Object.entries(manifest.scripts ?? {}).filter(([name]) => !all.includes(name));
  if (kept.length === Object.keys(manifest.scripts ?? {}).length) return undefined;
  return `${JSON.stringify({...manifest, scripts: Object.fromEntries(kept)}, undefined, 2)}\n`;
}

/** Takes these scripts out of the files; returns what puts them back. */
export function suspendLifecycle(directory: string, packages: readonly Package[]): () => void {
  const undo = packages.map((one) => {
    const file = join(directory, one.directory, 'package.json');
    const text = readFileSync(file, 'utf8');
    const other = withoutLifecycle(text);
    if (other === undefined) return () => {};
    writeFileSync(file, other);
    return () => writeFileSync(file, text);
  });
  return () => {
    for (const one of undo) one();
  };
}

/** A script of one package of the service. */
export interface Step {
  readonly directory: string;
  readonly script: string;
}

/** `npx only-allow pnpm`, the usual guard: its question is answered, so it need not be downloaded. */
const guard = /^(?:npx|pnpm dlx|pnpx|bunx)\s+(?:-y\s+|--yes\s+)?only-allow(?:@\S+)?\s+(\w+)$/;

const stepsOf = ({directory, manifest}: Package, names: readonly string[]): readonly Step[] =>
  names
    .filter((name) => manifest.scripts?.[name] !== undefined && !guard.test(manifest.scripts[name].trim()))
    .map((script) => ({directory, script}));

/**
 * The lifecycle scripts to run after the source is copied: members first. Of packages beside the service, npm runs `prepare`
 * alone, since it links them, and the other managers run none.
 */
export function lifecycleSteps(
  {root, members}: Project,
  manager: ManagerName,
  linked: readonly Package[] = [],
): readonly Step[] {
  const names = lifecycleScripts(manager);
  const ofLinked = manager === 'npm' ? names.filter((name) => name.endsWith('prepare')) : [];
  return [
    ...linked.flatMap((one) => stepsOf(one, ofLinked)),
    ...[...members, root].flatMap((one) => stepsOf(one, names)),
  ];
}

/** Whether the settings switch scripts off, as they then are on a laptop: `ignore-scripts` of npm, pnpm and yarn 1. */
export function ignoresScripts(manager: ManagerName, read: (file: string) => string | undefined): boolean {
  if (manager === 'berry') return false;
  return (
    /^[ \t]*ignore-scripts[ \t]*=[ \t]*true\b/m.test(read('.npmrc') ?? '') ||
    /^[ \t]*--install\.ignore-scripts[ \t]+true|^[ \t]*ignore-scripts[ \t]+true/m.test(read('.yarnrc') ?? '') ||
    /^ignoreScripts:[ \t]*true\b/m.test(read('pnpm-workspace.yaml') ?? '')
  );
}

/** A guard that wants another package manager than the one that installs. */
export function guardRefusals({root}: Project, manager: ManagerName): readonly Refusal[] {
  const program = manager === 'berry' ? 'yarn' : manager;
  return all.flatMap((name) => {
    const [, wanted] = guard.exec(root.manifest.scripts?.[name]?.trim() ?? '') ?? [];
    if (wanted === undefined || wanted === program) return [];
    return [
      {
        what: `scripts.${name} in package.json allows only ${wanted}, and the lock file is ${program}'s`,
        fix: `commit the lock file of ${wanted}, or correct scripts.${name}`,
      },
    ];
  });
}

/** Packages whose schema Prisma would generate a client from, and no script of theirs does it. */
export function prismaDirectories({root, members}: Project, exists: (file: string) => boolean): readonly string[] {
  return [root, ...members]
    .filter(({manifest}) => dependenciesOf(manifest).some(([name]) => name === 'prisma' || name === '@prisma/client'))
    .filter(({directory, manifest}) =>
      [
        manifest.prisma?.schema,
        'prisma.config.ts',
        'prisma.config.mjs',
        'prisma.config.js',
        'prisma/schema.prisma',
        'schema.prisma',
        'prisma/schema',
      ].some((file) => file !== undefined && exists(join(directory, file))),
    )
    .filter(({manifest}) => !runsPrisma([root.manifest, manifest]))
    .map(({directory}) => directory);
}

const runsPrisma = (manifests: readonly Manifest[]): boolean =>
  manifests.some(({scripts = {}}) => {
    const reached = ['prebuild', 'build', ...all].map((name) => scripts[name] ?? '');
    // `npm run generate` in a script is one more step away.
    const called = reached.flatMap((text) =>
      [...text.matchAll(/(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?([\w:-]+)/g)].map(([, name = '']) => scripts[name] ?? ''),
    );
    return [...reached, ...called].some((text) => /\bprisma\s+generate\b/.test(text));
  });

const hasBuild = ({manifest}: Package): boolean => manifest.scripts?.['build'] !== undefined;

/** The packages whose `build` runs: the root's, else those of the members that have one; for a member, its own and what it needs. */
export function buildSteps({root, members}: Project, own = ''): readonly Step[] {
  return (hasBuild(root) && own === '' ? [root] : members.filter(hasBuild)).map(({directory}) => ({
    directory,
    script: 'build',
  }));
}

/** A native addon of the service itself, which npm builds without a script that says so. */
export function hasOwnAddon({manifest, directory}: Package): boolean {
  return (
    existsSync(join(directory, 'binding.gyp')) &&
    manifest.scripts?.['install'] === undefined &&
    manifest.scripts?.['preinstall'] === undefined
  );
}
