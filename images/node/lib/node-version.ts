import type {DevEngine, Manifest} from './project.ts';
import type {Refusal} from './report.ts';

/** The Node versions that images exist for, newest first. The first is also what `node` and `lts/*` mean. */
export const majors = [26, 24] as const;

// https://github.com/nodejs/release#release-schedule
const codenames: Readonly<Record<string, number>> = {
  argon: 4,
  boron: 6,
  carbon: 8,
  dubnium: 10,
  erbium: 12,
  fermium: 14,
  gallium: 16,
  hydrogen: 18,
  iron: 20,
  jod: 22,
  krypton: 24,
};

/** A file or key, with what it asks for. */
export interface Wanted {
  readonly from: string;
  readonly range: string;
}

/** Every place where a repository can say which Node it needs. */
export function wantedVersions(manifest: Manifest, read: (file: string) => string | undefined): readonly Wanted[] {
  const firstLine = (file: string): string | undefined =>
    read(file)
      ?.split('\n')
      .map((line) => line.replace(/#.*$/, '').trim())
      .find((line) => line !== '');
  const tools = /^(?:nodejs|node)[ \t]+(\S+)/m.exec(read('.tool-versions') ?? '')?.[1];
  const all: readonly (readonly [string, string | undefined])[] = [
    ['.nvmrc', firstLine('.nvmrc')],
    ['.node-version', firstLine('.node-version')],
    ['.tool-versions', tools],
    ['volta.node in package.json', manifest.volta?.['node']],
    ['engines.node in package.json', manifest.engines?.['node']],
    ['devEngines.runtime in package.json', runtime(manifest.devEngines?.runtime)],
  ];
  return all.flatMap(([from, range]) => (range === undefined ? [] : [{from, range}]));
}

function runtime(engine: DevEngine | undefined): string | undefined {
  return [engine ?? []].flat().find(({name}) => name === 'node')?.version;
}

/** The range of versions that a word of .nvmrc or engines means. */
export function rangeOf(word: string): string {
  const text = word.trim();
  if (/^(?:node|latest|current|stable|system|lts|lts\/\*|lts-latest)$/i.test(text)) return `>=${majors.at(-1)}`;
  const [, name] = /^lts[/-]([a-z]+)$/i.exec(text) ?? [];
  if (name !== undefined) return String(codenames[name.toLowerCase()] ?? text);
  // One exact version: any newer one of the same major, which has its fixes.
  const [, exact] = /^[v=]*(\d+\.\d+\.\d+)$/.exec(text) ?? [];
  if (exact !== undefined) return `^${exact}`;
  return text.replace(/^v(?=\d)/, '');
}

export type Satisfies = (version: string, range: string) => boolean;

/** What asks for another Node than `version`. */
export function nodeRefusals(wanted: readonly Wanted[], version: string, satisfies: Satisfies): readonly Refusal[] {
  return wanted
    .filter(({range}) => !satisfies(version, rangeOf(range)))
    .map(({from, range}) => {
      const major = majors.find((one) => satisfies(`${one}.99.99`, rangeOf(range)));
      return {
        what: `${from} asks for Node ${range}, and this image has ${version}`,
        fix:
          major === Number(version.split('.')[0])
            ? `change ${from}, or update the base images: they have the newest Node ${major} of their day`
            : major === undefined
              ? `images exist for Node ${majors.toReversed().join(' and ')}: change ${from}, or install into an image of your own (docs/images.md)`
              : `FROM entrypoint/node-service:${major} in the Dockerfile, or change ${from}`,
      };
    });
}
