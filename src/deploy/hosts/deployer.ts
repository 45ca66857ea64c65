import {readFileSync, readlinkSync} from 'node:fs';
import {hostname, userInfo} from 'node:os';
import type {Context} from '../../task.ts';

/** `jo@laptop`. In a container the user can be a number without an entry in /etc/passwd. */
export function ownerName({env}: Context): string {
  const user = (): string => {
    try {
      return env['SUDO_USER'] ?? userInfo().username;
    } catch {
      return `uid-${process.getuid?.() ?? 'unknown'}`;
    }
  };
  return `${user()}@${hostname()}`;
}

/** Identifies a process: boot of a machine, pid namespace, pid and start time; empty if there is no Linux /proc. */
export function processMark(pid: number = process.pid): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const namespace = readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
    // The process's name, in brackets, can contain spaces; its start time is the 20th field after it.
    const began =
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? '';
    return [boot, namespace, pid, began].join('/');
  } catch {
    return '';
  }
}

/** Whether this machine can see that the process is dead. False for a process elsewhere, and for an empty mark. */
export function isDead(mark: string): boolean {
  const [boot, namespace, pid] = mark.split('/');
  const own = processMark().split('/');
  if (mark === '' || boot !== own[0] || namespace !== own[1]) return false;
  return processMark(Number(pid)) !== mark;
}
