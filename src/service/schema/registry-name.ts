// Which registry is meant: one reading for `registry` in deploy.yaml and for ENTRYPOINT_REGISTRY. Names follow the rules of
// docker, so that what the engine pushes to is what is asked. @see https://github.com/distribution/reference

/** The host by which image names mean Docker Hub. */
export const dockerHub = 'docker.io';

const hubHosts = new Set([dockerHub, 'index.docker.io', 'registry-1.docker.io']);
const hostPattern =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?$/;
const partPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;

/** What `registry` must be; {@link wrongRegistry} says what is wrong in particular. */
export const registryRule = 'must be host, host:port or host/path, without https://';

/**
 * What is wrong with a registry's name, as the end of a sentence; undefined for a good one.
 * @example
 * wrongRegistry('https://ghcr.io/acme'); // must be host, host:port or host/path, without https://: ghcr.io/acme
 */
export function wrongRegistry(text: string): string | undefined {
  const suggest = (better: string): string =>
    better !== text && better !== '' && wrongRegistry(better) === undefined
      ? `${registryRule}: ${better}`
      : registryRule;
  if (text.includes('://') || text.endsWith('/'))
    return suggest(text.replace(/^[A-Za-z]+:\/\//, '').replaceAll(/\/+$/g, ''));
  const {host, path} = splitRegistry(text);
  if (!hostPattern.test(host)) return registryRule;
  if (host === dockerHub && path === '')
    return `must be host, host:port or host/path: Docker Hub needs an account, such as ${dockerHub}/ACCOUNT`;
  const parts = path === '' ? [] : path.split('/');
  if (parts.every((part) => partPattern.test(part))) return undefined;
  const lower = text.toLowerCase();
  return lower !== text && wrongRegistry(lower) === undefined
    ? `must be in lower-case letters, as image names are: ${lower}`
    : `${registryRule}, and its path in lower-case letters, digits, dots, dashes and underscores`;
}

/**
 * A registry's name in one spelling: Docker Hub's names all become `docker.io/ACCOUNT`, and hosts are in lower case.
 * @example
 * registryName('acme'); // docker.io/acme
 */
export function registryName(text: string): string {
  const {host, path} = splitRegistry(text);
  return path === '' ? host : `${host}/${path}`;
}

/** Host and path of a registry. As for docker, a first word without dot and port is an account of Docker Hub. */
export function splitRegistry(text: string): {readonly host: string; readonly path: string} {
  const [first = '', ...rest] = text.split('/');
  const isHost = /[.:]/.test(first) || first.toLowerCase() === 'localhost';
  if (!isHost) return {host: dockerHub, path: text};
  const host = first.toLowerCase();
  return {host: hubHosts.has(host) ? dockerHub : host, path: rest.join('/')};
}

/** The name by which docker's configuration knows a registry's login. */
export function loginKey(host: string): string {
  return hubHosts.has(host) ? 'https://index.docker.io/v1/' : host;
}

/** Whether a host, with or without port, is this machine: docker trusts registries there without a certificate. */
export const isLoopback = (host: string): boolean => /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host);
