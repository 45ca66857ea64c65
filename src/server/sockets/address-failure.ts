import {exitCode, messageOf} from '../../errors.ts';
import type {BootFailure} from '../process/messages.ts';

const ipv6Fix =
  'bind an IPv4 address such as 0.0.0.0:3000, or enable IPv6 (net.ipv6.conf.all.disable_ipv6=0; docker run --sysctl)';

/** Why an address could not be bound, and what helps, by the code of the error. */
function reasonFor(bind: string, {code, message}: NodeJS.ErrnoException): readonly [string, string?] | undefined {
  const isPath = bind.startsWith('unix:');
  const isIpv6 = bind.startsWith('[');
  switch (code) {
    case 'EADDRINUSE':
      return isPath
        ? ['another server listens there, or the path is not a socket', 'stop it, or bind another path']
        : ['address already in use'];
    case 'EACCES':
      return /:\d{1,3}$/.test(bind) && !isPath
        ? ['permission denied', 'set another --bind or PORT, or allow it: ports below 1024 need CAP_NET_BIND_SERVICE']
        : ['permission denied'];
    case 'EPERM':
      return isPath
        ? ['not permitted to change the owner of the socket', 'only root can give it to another user']
        : undefined;
    case 'ENOOWNER':
      return [message, 'write the number of the user or group, as in --socket-owner=33:33'];
    case 'EAFNOSUPPORT':
      return isIpv6 ? ['this machine has no IPv6', ipv6Fix] : [message];
    case 'EADDRNOTAVAIL':
      return isIpv6
        ? ['no interface of this machine has that address', ipv6Fix]
        : ['no interface of this machine has that address'];
    case 'ENODEV':
    case 'EINVAL':
      return bind.includes('%') || /^\[fe80/i.test(bind)
        ? [
            'a link-local address needs the zone of an existing interface',
            'write the zone behind the address, as in [fe80::1%eth0]:3000',
          ]
        : [message];
    case 'ENOENT':
    case 'ENOTDIR':
      return isPath ? ['its directory does not exist', 'create it, or bind another path'] : [message];
    case 'ENAMETOOLONG':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EROFS':
      return [message];
    default:
      return undefined;
  }
}

/**
 * Why the server cannot listen on an address; undefined for any other error.
 * @param setting where the address comes from, for the fix
 */
export function addressFailure(bind: string, error: unknown, setting = '--bind or PORT'): BootFailure | undefined {
  const [reason, fix = `set another ${setting}`] = reasonFor(bind, error as NodeJS.ErrnoException) ?? [];
  if (reason === undefined) return undefined;
  return {message: `cannot listen on ${bind}: ${reason}`, fix, exitCode: exitCode.unavailable};
}

/** All addresses that could not be bound, as one failure. */
export function addressFailures(failed: readonly {readonly bind: string; readonly error: unknown}[]): BootFailure {
  const all = failed.map(
    ({bind, error}) =>
      addressFailure(bind, error) ?? {
        message: `cannot listen on ${bind}: ${messageOf(error)}`,
        exitCode: exitCode.unavailable,
      },
  );
  const fixes = [...new Set(all.flatMap(({fix}) => fix ?? []))];
  return {
    message: all.map(({message}) => message).join('; '),
    ...(fixes.length === 0 ? {} : {fix: fixes.join('; ')}),
    exitCode: exitCode.unavailable,
  };
}
