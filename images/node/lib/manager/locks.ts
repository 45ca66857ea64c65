import type {Manifest} from '../project.ts';
import type {Refusal} from '../report.ts';

// Which package manager installs, and at which version: what package.json asks for, else what wrote the lock file.

export type ManagerName = 'npm' | 'pnpm' | 'yarn' | 'berry' | 'bun';

export interface Choice {
  readonly manager: ManagerName;
  /** A version or a range; undefined: the image's npm. */
  readonly version: string | undefined;
  /** `sha512.abc...`, as packageManager has it. */
  readonly hash?: string;
  /** The registry's checksum of the versions in this file. */
  readonly integrity?: string;
  /** undefined: the service has none. */
  readonly lock: string | undefined;
  /** What decided. */
  readonly because: string;
}

export interface Found {
  readonly manifest: Manifest;
  /** The text of a file, undefined if there is none. */
  readonly read: (file: string) => string | undefined;
}

const owners: Readonly<Record<string, 'npm' | 'pnpm' | 'yarn' | 'bun'>> = {
  'package-lock.json': 'npm',
  'npm-shrinkwrap.json': 'npm',
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
};

/** The names of all lock files. */
export const lockFiles: readonly string[] = Object.keys(owners);

/** What installs a lock file if package.json names no version: the last release that writes this kind of file. */
const releases = {
  'pnpm 9.0': [
    '10.34.8',
    'sha512-9ieo6XE0Ov5J39D2PQKCNCAd+oMdXLWIcz4eX42ya/FpiaMhYatcG02zsf28NzFgYGtbieAC323RmoWt+R/FqA==',
  ],
  'pnpm 6': [
    '8.15.9',
    'sha512-SZQ0ydj90aJ5Tr9FUrOyXApjOrzuW7Fee13pDzL0e1E6ypjNXP0AHDHw20VLw4BO3M1XhQHkyik6aBYWa72fgQ==',
  ],
  'pnpm 5': [
    '7.33.7',
    'sha512-ev4kEGQrOcaY30baTOXHIxpczjYGmNafjPj0IlfUCz5D8jEFOwe43oSf1P+/SnH/V7g1E3d3o1I4jz09p0cgDg==',
  ],
  'yarn 1': [
    '1.22.22',
    'sha512-prL3kGtyG7o9Z9Sv8IPfBNrWTDmXB4Qbes8A9rEzt6wkJV8mUvoirjU0Mp3GGAU06Y0XQyA3/2/RQFVuK7MTfg==',
  ],
  'yarn 3': [
    '3.8.7',
    'sha512-YMoAlLR9f+kxXjK72ggBIidi3ulQQrQpMSxzrLUt0OUk9Xdst2v26LBSYFlzOm+7KRNWgYIJpFjA8uRnCgB5xQ==',
  ],
  'yarn 4': [
    '4.18.1',
    'sha512-EH+A4TxAtBWXKE0DGQxW9Bo9crXHLJ73mfxjTQJuv8XonNWWTpei8BQ5JjczHJNU9GROTycwMFn8iOvRIZXUcA==',
  ],
  bun: ['1.4.5', undefined],
} as const satisfies Readonly<Record<string, readonly [version: string, integrity: string | undefined]>>;

/** The manager, or why none can be chosen. */
export function chooseManager({manifest, read}: Found): Choice | readonly Refusal[] {
  const locks = lockFiles.filter((file) => read(file) !== undefined);
  const wanted = wantedManager(manifest);
  if (wanted !== undefined && 'what' in wanted) return [wanted];
  if (locks.length > 1) return [twoLocks(locks, wanted?.name)];
  const [lock] = locks;
  if (lock !== undefined && wanted !== undefined && owners[lock] !== wanted.name)
    return [
      {
        what: `${wanted.from} in package.json asks for ${wanted.name}, which does not read ${lock}`,
        fix: `${lockCommands[wanted.name]}, commit its lock file and git rm ${lock}; or change package.json`,
      },
    ];
  const name = wanted?.name ?? (lock === undefined ? withoutLock(read) : owners[lock]) ?? 'npm';
  const manager = name === 'yarn' && isBerry(wanted?.version, read) ? 'berry' : name;
  const because = wanted?.version !== undefined ? `${wanted.from} in package.json` : (lock ?? 'no lock file');
  if (wanted?.version !== undefined)
    return {manager, version: wanted.version, ...(wanted.hash === undefined ? {} : {hash: wanted.hash}), lock, because};
  const hint = manager === 'npm' ? undefined : manifest.volta?.[name];
  if (hint !== undefined) return {manager, version: hint, lock, because: `volta.${name} in package.json`};
  const release = releaseFor(manager, lock === undefined ? undefined : read(lock), read);
  return {
    manager,
    version: release?.[0],
    ...(release?.[1] === undefined ? {} : {integrity: release[1]}),
    lock,
    because,
  };
}

export const isRefused = (choice: Choice | readonly Refusal[]): choice is readonly Refusal[] => Array.isArray(choice);

interface Asked {
  readonly from: string;
  readonly name: 'npm' | 'pnpm' | 'yarn' | 'bun';
  readonly version: string | undefined;
  readonly hash?: string;
}

const known = ['npm', 'pnpm', 'yarn', 'bun'] as const;

/** `packageManager`, else `devEngines.packageManager`. */
function wantedManager({packageManager, devEngines}: Manifest): Asked | Refusal | undefined {
  if (packageManager !== undefined) {
    const [, name = '', version = '', hash] = /^([a-z]+)@([^+\s]+)(?:\+(\w+\.\w+))?$/.exec(packageManager) ?? [];
    const found = known.find((one) => one === name);
    if (found !== undefined && !version.includes(':'))
      return {from: 'packageManager', name: found, version, ...(hash === undefined ? {} : {hash})};
    return {
      what: `packageManager in package.json is ${packageManager}: not the name and the version of npm, pnpm, yarn or bun`,
      fix: 'for example "packageManager": "pnpm@10.34.8"',
    };
  }
  const engines = [devEngines?.packageManager ?? []].flat();
  const engine = engines.find(({name}) => known.some((one) => one === name));
  if (engine === undefined) return undefined;
  return {
    from: 'devEngines.packageManager',
    name: engine.name as Asked['name'],
    // The image's npm checks this range itself.
    version: engine.name === 'npm' ? undefined : engine.version,
  };
}

const lockCommands = {
  npm: 'npm install --package-lock-only',
  pnpm: 'pnpm install --lockfile-only',
  yarn: 'yarn install',
  bun: 'bun install --lockfile-only',
};

/** How to write the lock file anew. */
export const lockCommand = (manager: ManagerName): string => lockCommands[manager === 'berry' ? 'yarn' : manager];

function twoLocks(locks: readonly string[], wanted: string | undefined): Refusal {
  const kept = locks.find((file) => owners[file] === wanted) ?? locks[0];
  const others = locks.filter((file) => file !== kept);
  return {
    what: `${locks.length} lock files, and an install reads one: ${locks.join(', ')}`,
    fix:
      wanted === undefined
        ? `git rm the one that is not in use${owners[locks[0] ?? ''] === owners[locks[1] ?? ''] ? '' : `, or name the manager in package.json: "packageManager"`}`
        : `git rm ${others.join(' ')}`,
  };
}

function withoutLock(read: Found['read']): 'pnpm' | 'yarn' | 'bun' | undefined {
  if (read('pnpm-workspace.yaml') !== undefined) return 'pnpm';
  if (read('.yarnrc.yml') !== undefined) return 'yarn';
  return read('bunfig.toml') === undefined ? undefined : 'bun';
}

function isBerry(version: string | undefined, read: Found['read']): boolean {
  const major = /^[\^~>=v]*(\d+)/.exec(version ?? '')?.[1];
  if (major !== undefined) return Number(major) >= 2;
  const lock = read('yarn.lock');
  return lock === undefined || lock.trim() === '' ? read('.yarnrc.yml') !== undefined : /^__metadata:/m.test(lock);
}

function releaseFor(
  manager: ManagerName,
  lock: string | undefined,
  read: Found['read'],
): readonly [string, string | undefined] | undefined {
  if (manager === 'npm') return undefined;
  if (manager === 'bun') return releases.bun;
  if (manager === 'yarn') return releases['yarn 1'];
  const version = Number(/^(?:lockfileVersion:|[ ]+version:)[ ]*['"]?(\d+(?:\.\d+)?)/m.exec(lock ?? '')?.[1]);
  if (manager === 'berry') return version < 8 ? releases['yarn 3'] : releases['yarn 4'];
  // Its settings moved to pnpm-workspace.yaml in 11, which no longer reads those of package.json.
  if (/^allowBuilds:/m.test(read('pnpm-workspace.yaml') ?? '')) return ['11', undefined];
  return version < 6 ? releases['pnpm 5'] : version < 9 ? releases['pnpm 6'] : releases['pnpm 9.0'];
}

/** Lock files of members: the manager reads the root's only. pnpm can be set to one for each. */
export function memberLockRefusals(
  members: readonly string[],
  exists: (file: string) => boolean,
  choice: Choice,
): readonly Refusal[] {
  if (choice.manager === 'pnpm' && choice.lock === undefined) return [];
  return members.flatMap((directory) =>
    lockFiles
      .map((file) => `${directory}/${file}`)
      .filter(exists)
      .map((file) => ({
        what: `${file} is not read: its package belongs to the workspace, whose lock file is ${choice.lock ?? 'missing'}`,
        fix: `git rm ${file}`,
      })),
  );
}
