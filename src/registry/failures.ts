import {exitCode, isProblem, problem} from '../errors.ts';
import {isLoopback, splitRegistry} from '../service/schema/registry-name.ts';
import {isTransientText} from '../shell/retry.ts';
import {isCertificateError, networkText} from './http.ts';

/**
 * The error for a registry that gave no answer.
 * @param asked the host that was asked: the registry's own, or that of its token server
 */
export function unavailable(host: string, asked: string, error: unknown): Error {
  const other = asked === host ? '' : ` (its token server ${asked})`;
  const file = `/etc/docker/certs.d/${host}/ca.crt`;
  const fix = isCertificateError(error)
    ? `put the certificate of its authority into ${file}, or name its file in NODE_EXTRA_CA_CERTS`
    : networkText(error) === 'it does not speak TLS'
      ? `give it a certificate; or name it in insecure-registries of the engine (/etc/docker/daemon.json), and restart the engine`
      : isLoopback(host)
        ? `start it, or correct \`registry\` in deploy.yaml or ENTRYPOINT_REGISTRY; in a container, ${host} is the container itself: docker run --network host`
        : `start it, or correct \`registry\` in deploy.yaml or ENTRYPOINT_REGISTRY; to test: curl https://${host}/v2/`;
  return problem({
    code: 'registry_unavailable',
    what: isCertificateError(error)
      ? `the certificate of the registry ${host}${other} is not trusted: ${networkText(error)}`
      : `the registry ${host}${other} does not answer: ${networkText(error)}`,
    fix,
    exitCode: exitCode.unavailable,
    cause: error,
  });
}

/** The error for a registry that answered with an error status. */
export function refused(
  {registry, login}: {readonly registry: string; readonly login?: unknown},
  status: number,
  url: string,
): Error {
  const denied = status === 401 || status === 403;
  return problem({
    code: 'registry_refused',
    what: `the registry answered ${status}: ${url}`,
    fix: !denied
      ? "see the registry's log"
      : login === undefined
        ? `log in as a user with access: docker login ${splitRegistry(registry).host}`
        : loginFix,
  });
}

/** What to do when the login of deploy.yaml is refused. */
export const loginFix = 'correct `registry_login` in deploy.yaml: it must be a login with read access';

/** The error for a tag that the registry does not have. */
export function notPublished({name, registry}: {readonly name: string; readonly registry: string}, tag: string): Error {
  return problem({
    code: 'image_missing',
    what: `no image ${name}:${tag} in ${registry}`,
    fix: publishFix(tag),
  });
}

/** How to build and publish what has a tag: that of a commit is the default. */
export function publishFix(tag: string): string {
  if (/^[0-9a-f]{12}$/.test(tag)) return 'entrypoint build publish';
  if (/^[0-9a-f]{12}-dirty$/.test(tag)) return 'commit the changes, then: entrypoint build publish';
  return tag.startsWith('sha256:')
    ? 'name a digest that the registry has, or a tag'
    : `entrypoint build --tag=${tag} publish --tag=${tag}`;
}

/**
 * A failed push or pull, explained by what the engine says of the registry; another error is returned as it is.
 * @param fixes `login`: what to do when the login is refused, default to log in; `down`: when the registry does not answer
 */
export function explainEngine(
  error: unknown,
  registry: string,
  {login, down}: {readonly login?: string | undefined; readonly down?: string | undefined} = {},
): unknown {
  if (!isProblem(error) || error.code !== 'command_failed') return error;
  const text = error.details.join('\n');
  const {host} = splitRegistry(registry);
  const details = error.details.slice(-3);
  if (/unauthorized|authentication required|no basic auth|denied|forbidden/i.test(text))
    return problem({
      code: 'registry_refused',
      what: `the registry ${host} refuses access: ${error.message}`,
      fix: login ?? `log in as a user with access: docker login ${host}`,
      details,
      cause: error,
    });
  const known = engineFailures.find(({pattern}) => pattern.test(text));
  if (known === undefined && !isTransientText(text)) return error;
  return problem({
    code: 'registry_unavailable',
    what: `the registry ${host} ${known?.what ?? 'does not answer'}: ${error.message}`,
    fix: known?.fix(host) ?? down ?? 'start it, or correct `registry` in deploy.yaml or ENTRYPOINT_REGISTRY',
    exitCode: exitCode.unavailable,
    details,
    cause: error,
  });
}

interface EngineFailure {
  /** Matches the engine's message. */
  readonly pattern: RegExp;
  readonly what: string;
  readonly fix: (host: string) => string;
}

const engineFailures: readonly EngineFailure[] = [
  {
    pattern: /server gave HTTP response to HTTPS client/i,
    what: 'does not speak TLS',
    fix: (host) => `give it a certificate; or add ${host} to insecure-registries in the engine's daemon.json`,
  },
  {
    pattern: /x509|certificate/i,
    what: 'has a certificate that the engine does not trust',
    fix: (host) =>
      `put the certificate of its authority into /etc/docker/certs.d/${host}/ca.crt on the engine's machine`,
  },
];
