import {commandText} from '../shell/argv.ts';
import {
  accessTo,
  apiHost,
  manifestTypes,
  manifestUrl,
  type RegistryContext,
  type Repository,
  repositoryText,
} from './client.ts';
import {readLogin} from './login.ts';

/** How a registry is reached, as far as a printed command depends on it. */
export interface RegistryAccess {
  readonly scheme: 'http' | 'https';
  /** Whether its certificate must be valid. */
  readonly verify: boolean;
  /** Whether docker has a login for it. */
  readonly login: boolean;
}

/**
 * How a registry was reached by the requests before.
 * @example
 * const {digest = 'rc', type = ''} = (await readManifest(context, repository, 'rc')) ?? {};
 * const text = copyManifestText(repository, digest, 'prod', {type, ...(await registryAccess(context, repository))});
 */
export async function registryAccess(context: RegistryContext, repository: Repository): Promise<RegistryAccess> {
  // A registry that asked for no login was read although a helper fails.
  const login = await readLogin(context, apiHost(repository.registry)).catch(() => undefined);
  const scheme = new URL(manifestUrl(repository, 'latest')).protocol === 'http:' ? 'http' : 'https';
  const {scheme: used = scheme, verify = scheme === 'https'} = accessTo(context, repository) ?? {};
  return {scheme: used, verify, login: login !== undefined};
}

/**
 * Shell text that does the same as `writeManifest`: with curl, or, where the registry requires a login, with skopeo,
 * which reads docker's login by itself. `type` must be the manifest's media type.
 * @example
 * const text = copyManifestText(repository, 'rc', 'prod', {type: manifest.type, login: false});
 * await context.run.act(text, () => writeManifest(context, repository, 'prod', manifest));
 */
export function copyManifestText(
  repository: Repository,
  from: string,
  tag: string,
  {type, login, ...access}: {readonly type: string; readonly login: boolean} & Partial<RegistryAccess>,
): string {
  const url = (reference: string): string => manifestUrl(repository, reference, access.scheme);
  const verified = access.verify ?? url(tag).startsWith('https:');
  if (login) {
    const name = `docker://${repositoryText(repository)}`;
    return commandText([
      'skopeo',
      'copy',
      '--all',
      '--preserve-digests',
      ...(verified ? [] : ['--src-tls-verify=false', '--dest-tls-verify=false']),
      `${name}${from.includes(':') ? '@' : ':'}${from}`,
      `${name}:${tag}`,
    ]);
  }
  const insecure = url(tag).startsWith('https:') && !verified ? ['--insecure'] : [];
  const curl = ['curl', '--fail', '--silent', '--show-error', ...insecure];
  const get = commandText([...curl, '--header', `Accept: ${manifestTypes.join(', ')}`, url(from)]);
  const put = commandText([
    ...curl,
    '--request',
    'PUT',
    '--header',
    `Content-Type: ${type}`,
    '--data-binary',
    '@-',
    url(tag),
  ]);
  return `${get} | ${put}`;
}
