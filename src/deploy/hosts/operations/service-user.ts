import {dockerExec, dockerTop} from '../../../commands/docker/index.ts';
import {anyExitCode} from '../../../errors.ts';
import type {Result, Runner} from '../../../shell/index.ts';

/** A process of a container. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** Whose processes the service has: one user's, root's, or those of several users. */
export type ServiceUser =
  | {readonly kind: 'one'; readonly user: string}
  /** `program`: a process that runs as root above others that do not; undefined: there are none. */
  | {readonly kind: 'root'; readonly program: string | undefined}
  | {readonly kind: 'unknown'; readonly evidence: readonly string[]};

// What collects the output of a service, with a user of its own.
const isHelper = ({name}: Process): boolean => /^(?:s6-|svlogd$|multilog$)/.test(name);

/**
 * The user of the service among the processes of its container: that of the first process below what starts it (an init, a
 * supervisor, a shell), which often runs as root. Workers that drop root, of the same program, are not that process.
 * @param first the number of the container's first process
 */
export function serviceUser(processes: readonly Process[], first: number): ServiceUser {
  const childrenOf = ({pid}: Process): readonly Process[] => processes.filter((one) => one.parent === pid);
  const mainsBelow = (process: Process): readonly Process[] => {
    const others = process.uid === 0 ? childrenOf(process).filter(({name}) => name !== process.name) : [];
    return others.length === 0 ? [process] : others.flatMap(mainsBelow);
  };
  const top = processes.find(({pid}) => pid === first);
  if (top === undefined) return {kind: 'unknown', evidence: []};
  const mains = mainsBelow(top);
  const found = new Map(
    mains
      .filter((one) => one.uid !== 0 && !isHelper(one))
      .map((one) => [`${one.uid}:${one.gid}`, `${one.name} runs as ${one.uid}:${one.gid}`]),
  );
  const [user] = found.keys();
  if (found.size > 1) return {kind: 'unknown', evidence: [...found.values()]};
  if (user !== undefined) return {kind: 'one', user};
  const above = mains.find((one) => one.uid === 0 && childrenOf(one).some(({uid}) => uid !== 0));
  return {kind: 'root', program: above?.name};
}

/**
 * Finds the user of the service in a container. Its own shell reads the processes: it sees the numbers of users as the
 * container has them. Where it has none, or where it shares its processes, the engine lists them.
 * @param pid the number of its first process on the host
 */
export async function findServiceUser(
  run: Runner,
  container: string,
  {pid, shared}: {readonly pid: number; readonly shared: boolean},
): Promise<ServiceUser> {
  // An image need not have the programs.
  if (!shared) {
    const inside = await run.read(dockerExec(container, ['sh', '-c', readStatuses]), {allow: anyExitCode});
    const found = serviceUser(parseStatuses(inside.stdout), 1);
    if (found.kind !== 'unknown' || found.evidence.length > 0) return found;
  }
  const listed = await run.read(dockerTop(container, ['-eo', 'pid,ppid,uid,gid,comm']), {allow: anyExitCode});
  const found = serviceUser(parseTop(listed.stdout), pid);
  return found.kind === 'unknown' && found.evidence.length === 0 ? {...found, evidence: lastLine(listed)} : found;
}

const lastLine = ({stderr}: Result): readonly string[] => stderr.trim().split('\n').slice(-1).filter(Boolean);

// Only what every shell has built in. A process can end meanwhile.
const readStatuses =
  'for file in /proc/[0-9]*/status; do (while read -r key rest; do case $key in ' +
  'Name:|Pid:|PPid:|Uid:|Gid:) echo "$key $rest";; esac; done <"$file") 2>/dev/null; done; :';

/** Parses the lines of /proc/PID/status, with the effective user and group. */
export function parseStatuses(text: string): readonly Process[] {
  return text.split(/^(?=Name:)/m).flatMap((block) => {
    const field = (name: string): readonly string[] =>
      new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(block)?.[1]?.split(/\s+/) ?? [];
    const [pid, parent] = [Number(field('Pid')[0]), Number(field('PPid')[0])];
    const [uid, gid] = [Number(field('Uid')[1]), Number(field('Gid')[1])];
    return [pid, parent, uid, gid].every(Number.isInteger)
      ? [{pid, parent, uid, gid, name: field('Name').join(' ')}]
      : [];
  });
}

function parseTop(text: string): readonly Process[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, uid, gid, name = ''] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(.*\S)/.exec(line) ?? [];
    return pid === undefined
      ? []
      : [{pid: Number(pid), parent: Number(parent), uid: Number(uid), gid: Number(gid), name}];
  });
}
