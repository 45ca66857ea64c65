import {readFileSync} from 'node:fs';
import type {Settings} from '../settings/settings.ts';

const migrates = '/proc/sys/net/ipv4/tcp_migrate_req';

/** What a way of dispatch costs that its user should know of. */
export function dispatchWarning(
  dispatch: Settings['dispatch'],
  read: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): {readonly message: string; readonly fix: string} | undefined {
  if (dispatch !== 'reuseport' || isOn(read)) return undefined;
  return {
    message: 'with reuseport, connections that wait for a worker are lost when it goes: at a reload, a stop, a crash',
    fix: 'sysctl net.ipv4.tcp_migrate_req=1 (docker run --sysctl), or --dispatch=shared',
  };
}

function isOn(read: (path: string) => string): boolean {
  try {
    return read(migrates).trim() === '1';
  } catch {
    return false;
  }
}
