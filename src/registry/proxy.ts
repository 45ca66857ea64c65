import {isIP} from 'node:net';
import {isLoopback} from '../service/schema/registry-name.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL, by the variables that the docker client and curl read, in lower case or capitals; undefined for
 * none. As for docker, this machine is never asked through a proxy.
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 * @example
 * proxyFor(new URL('https://ghcr.io/v2/'), {HTTPS_PROXY: 'proxy:3128', NO_PROXY: '.internal'}); // http://proxy:3128
 */
export function proxyFor({protocol, hostname, port}: URL, env: Variables): string | undefined {
  const variable = (name: string): string => env[name.toLowerCase()] || env[name] || '';
  const proxy = variable(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (proxy === '' || isLoopback(hostname)) return undefined;
  const host = hostname.replace(/^\[|\]$/g, '');
  const actualPort = port || (protocol === 'https:' ? '443' : '80');
  const exempt = variable('NO_PROXY')
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && isExempt(entry.toLowerCase(), host, actualPort));
  if (exempt) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** `*`, an address, a network (`10.0.0.0/8`), a domain and all below it, or `.domain`: only those below it. */
function isExempt(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inNetwork(host, entry);
  const [, name = '', only] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? ['', entry];
  if (only !== undefined && only !== port) return false;
  const plain = name.replace(/^\[|\]$|^\*(?=\.)/g, '');
  return plain.startsWith('.') ? host.endsWith(plain) : host === plain || host.endsWith(`.${plain}`);
}

/** Whether an address is in a network such as `10.0.0.0/8`; false for a host's name. */
export function inNetwork(address: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const version = isIP(base);
  if (version === 0 || isIP(address) !== version || !/^\d+$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128))
    return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  // Loaded here: an import would load it at every start of the command (scripts/lazy-builtins.ts).
  const list = new (process.getBuiltinModule('node:net').BlockList)();
  list.addSubnet(base, Number(bits), family);
  return list.check(address, family);
}
