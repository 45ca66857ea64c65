import {readFileSync} from 'node:fs';

/** Reads a small file; undefined if it does not exist. */
export type ReadText = (path: string) => string | undefined;

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** A mounted hierarchy of cgroups. */
interface Mount {
  readonly version: 1 | 2;
  /** The cgroup that is visible at `directory`: `/`, or in a container with the host's names `/docker/ID`. */
  readonly root: string;
  readonly directory: string;
}

/** The directories that hold the limits of one process for one controller. */
export interface CgroupDirectories {
  readonly v1: readonly string[];
  readonly v2: readonly string[];
}

/**
 * The cgroup of this process and all those above it, the innermost first: the limits of each apply. They are found as the
 * kernel names them: a service of systemd has its limit far below the mount, and a container with `--cgroupns=host` sees
 * its own cgroup at the mount, under a longer name.
 * @see cgroup_namespaces(7), proc_pid_mountinfo(5)
 */
export function cgroupDirectories(controller: 'cpu' | 'memory', read: ReadText): CgroupDirectories {
  const own = (read('/proc/self/cgroup') ?? '').split('\n');
  const mounts = mountsOf(controller, read('/proc/self/mountinfo') ?? '');
  const directories = (version: 1 | 2): readonly string[] => {
    const path = pathOf(own, version === 2 ? undefined : controller);
    return mounts.filter((mount) => mount.version === version).flatMap((mount) => upwards(mount, path));
  };
  return {v1: directories(1), v2: directories(2)};
}

/** The path in `HIERARCHY:CONTROLLERS:PATH`; the controllers of version 2 are empty. */
function pathOf(lines: readonly string[], controller: string | undefined): string {
  for (const line of lines) {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controller === undefined ? line.startsWith('0::') : controllers.split(',').includes(controller)) return path;
  }
  return '/';
}

const usualMounts = {
  cpu: ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'],
  memory: ['/sys/fs/cgroup/memory'],
} as const;

function mountsOf(controller: 'cpu' | 'memory', mountinfo: string): readonly Mount[] {
  const found = mountinfo.split('\n').flatMap((line): Mount[] => {
    const [, root = '', directory = '', type = '', options = ''] =
      /^\S+ \S+ \S+ (\S+) (\S+) .* - (cgroup2?) \S+ (\S+)$/.exec(line) ?? [];
    if (type === 'cgroup2') return [{version: 2, root: unescaped(root), directory: unescaped(directory)}];
    if (type !== 'cgroup' || !options.split(',').includes(controller)) return [];
    return [{version: 1, root: unescaped(root), directory: unescaped(directory)}];
  });
  if (found.length > 0) return found;
  return [
    {version: 2, root: '/', directory: '/sys/fs/cgroup'},
    ...usualMounts[controller].map((directory): Mount => ({version: 1, root: '/', directory})),
  ];
}

/** Blanks in paths of mountinfo are written in octal. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function upwards({root, directory}: Mount, path: string): readonly string[] {
  const base = root === '/' ? '' : root;
  // A path from outside the mount has no directory in it: the mount itself is the best that is visible.
  const inside = path.startsWith(`${base}/`) ? path.slice(base.length) : '';
  const parts = inside.split('/').filter((part) => part !== '');
  const visible = parts.includes('..') ? [] : parts;
  return [...visible.keys(), visible.length]
    .toReversed()
    .map((count) => [directory, ...visible.slice(0, count)].join('/'));
}
