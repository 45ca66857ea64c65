/** A process of the service, as seen in its pid namespace. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  /** Base name of the executable: `dash` for a shell script. */
  readonly name: string;
  /** Path of the executable in the container; empty for a zombie. */
  readonly program: string;
  readonly uid: number;
  readonly zombie: boolean;
  /** Signal masks; bit 0 is signal 1. Hexadecimal text, since they have 64 bits. */
  readonly blocked: string;
  readonly ignored: string;
  readonly pending: string;
}

/** Lists the processes of the container whose pid namespace the helper shares, without the helper's own. Runs in a helper container. */
export function listProcesses(): Process[] {
  const {readFileSync, readdirSync, readlinkSync} = process.getBuiltinModule('node:fs');
  const own = readlinkSync('/proc/self/ns/mnt');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const fields = Object.fromEntries(
          readFileSync(`/proc/${pid}/status`, 'utf8')
            .split('\n')
            .map((line) => line.split(/:\s*/, 2) as [string, string]),
        );
        const zombie = fields['State']?.startsWith('Z') === true;
        // A zombie has lost its namespaces, and the helper has no zombies.
        if (!zombie && readlinkSync(`/proc/${pid}/ns/mnt`) === own) return [];
        return [
          {
            pid: Number(pid),
            parent: Number(fields['PPid']),
            name: zombie ? (fields['Name'] ?? '') : readlinkSync(`/proc/${pid}/exe`).replace(/^.*\//, ''),
            program: zombie ? '' : readlinkSync(`/proc/${pid}/exe`),
            uid: Number(fields['Uid']?.split('\t')[1]),
            zombie,
            blocked: fields['SigBlk'] ?? '0',
            ignored: fields['SigIgn'] ?? '0',
            // Signals pending for the thread and for the process.
            pending: (BigInt(`0x${fields['ShdPnd'] ?? '0'}`) | BigInt(`0x${fields['SigPnd'] ?? '0'}`)).toString(16),
          },
        ];
      } catch {
        return [];
      }
    })
    .sort((a, b) => a.pid - b.pid);
}

/**
 * Waits for the first process with this executable in the pid namespace that the helper shares; returns its signal masks,
 * or null after `seconds`. Runs in a helper container.
 */
export async function awaitProgram({
  program,
  seconds,
}: {
  readonly program: string;
  readonly seconds: number;
}): Promise<{readonly blocked: string; readonly ignored: string} | null> {
  const {readFileSync, readdirSync, readlinkSync} = process.getBuiltinModule('node:fs');
  const own = readlinkSync('/proc/self/ns/mnt');
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        if (readlinkSync(`/proc/${pid}/exe`) !== program || readlinkSync(`/proc/${pid}/ns/mnt`) === own) continue;
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const mask = (name: string): string => new RegExp(`^${name}:\\s*(\\w+)$`, 'm').exec(status)?.[1] ?? '0';
        return {blocked: mask('SigBlk'), ignored: mask('SigIgn')};
      } catch {
        // It has exited.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return null;
}

/** Creates `count` orphans, which the kernel reparents to pid 1; returns how many stay zombies. Runs in a helper container. */
export async function leaveOrphans({count}: {readonly count: number}): Promise<number> {
  const {execFileSync} = process.getBuiltinModule('node:child_process');
  const {readFileSync, readdirSync} = process.getBuiltinModule('node:fs');
  // The shell exits before its children do, which makes them orphans.
  execFileSync('sh', ['-c', `i=0; while [ $i -lt ${count} ]; do (sleep 0.1 &) ; i=$((i + 1)); done`]);
  const zombies = (): number =>
    readdirSync('/proc').filter((name) => {
      try {
        return /^\d+$/.test(name) && /^State:\tZ[^]*^PPid:\t1$/m.test(readFileSync(`/proc/${name}/status`, 'utf8'));
      } catch {
        return false;
      }
    }).length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  const end = Date.now() + 1500;
  while (zombies() > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
  return zombies();
}

/**
 * Those of the files that are not text: they have a zero byte near their beginning. `root` is the root directory of the
 * service's container. Runs in a helper container.
 */
export function binaryFiles({root, paths}: {readonly root: string; readonly paths: readonly string[]}): string[] {
  const {closeSync, openSync, readSync} = process.getBuiltinModule('node:fs');
  const bytes = new Uint8Array(4096);
  return paths.filter((path) => {
    try {
      const file = openSync(`${root}${path}`, 'r');
      const length = readSync(file, bytes);
      closeSync(file);
      return bytes.subarray(0, length).includes(0);
    } catch {
      return false;
    }
  });
}

/**
 * Microseconds of CPU that a container has used; -1: unknown. `root` is its cgroup directory. cgroup version 1 counts
 * nanoseconds, version 2 microseconds. Runs in a container.
 */
export function cpuMicroseconds({root}: {readonly root: string}): number {
  const {readFileSync} = process.getBuiltinModule('node:fs');
  try {
    return Math.round(Number(readFileSync(`${root}/cpuacct/cpuacct.usage`, 'utf8')) / 1000);
  } catch {
    try {
      return Number(/^usage_usec (\d+)$/m.exec(readFileSync(`${root}/cpu.stat`, 'utf8'))?.[1] ?? -1);
    } catch {
      return -1;
    }
  }
}

/** Signals processes of the container whose pid namespace the helper shares; returns how many. Runs in a helper container. */
export function sendSignal({
  pids,
  signal,
}: {
  readonly pids: readonly number[];
  readonly signal: NodeJS.Signals;
}): number {
  return pids.filter((pid) => {
    try {
      return process.kill(pid, signal);
    } catch (error) {
      // It has exited since it was listed.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
      throw error;
    }
  }).length;
}
