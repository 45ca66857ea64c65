import {type Command, quote, type SecretReference, type Words, wordsText} from '../../shell/argv.ts';

/** Pulls an image with docker's own login. With `verbose`, its output has a line `Digest: sha256:...`. */
export const dockerPull = (image: string, {verbose = false}: PullOptions = {}): Words => [
  'docker',
  'pull',
  ...(verbose ? [] : ['--quiet']),
  image,
];

/** A login to one registry. */
export interface RegistryLogin {
  /** The registry as docker's configuration names it. */
  readonly key: string;
  readonly user: string;
  readonly password: SecretReference;
}

/** How images are pulled. */
export interface PullOptions {
  /** Print the digest and the progress as well. Default false: only the name. */
  readonly verbose?: boolean;
}

/**
 * Pulls images with a login that leaves nothing behind: the password is read from the standard input into a configuration
 * of docker in a private directory, which is removed however the command ends. Not by `docker login`: that would give the
 * password to the machine's own store, if there is one.
 * @param others images to pull before, without that login
 * @example
 * const login = {key: 'ghcr.io', user: 'deploy', password: {env: 'GHCR_TOKEN'}};
 * await context.run(dockerPullWithLogin(['ghcr.io/acme/shop@sha256:...'], login), {retry: true});
 */
export function dockerPullWithLogin(
  images: readonly string[],
  {key, user, password}: RegistryLogin,
  {others = [], ...options}: PullOptions & {readonly others?: readonly string[]} = {},
): Command {
  const pull = (image: string): string => wordsText(dockerPull(image, options));
  const json = `{"auths":{${JSON.stringify(key)}:{"auth":"%s"}}}`;
  return {
    words: [
      'sh',
      '-c',
      [
        ...others.map((image) => `${pull(image)} || exit`),
        'umask 077',
        // A docker from a snap sees its user's directory, and no other's.
        'd=$(mktemp -d "${HOME:-/tmp}/entrypoint-XXXXXX" 2>/dev/null || mktemp -d) || exit',
        `trap 'rm -rf "$d"' EXIT`,
        `trap 'exit 129' HUP`,
        `trap 'exit 130' INT`,
        `trap 'exit 143' TERM`,
        'p=$(cat)',
        `a=$(printf %s:%s ${quote(user)} "$p" | base64 | tr -d '\\n')`,
        `printf ${quote(json)} "$a" >"$d/config.json"`,
        // The configuration of the user can name the engine.
        `[ -n "\${DOCKER_HOST:-}" ] || DOCKER_HOST=$(${wordsText(['docker', 'context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'])} 2>/dev/null) || DOCKER_HOST=`,
        '[ -z "$DOCKER_HOST" ] || export DOCKER_HOST',
        'export DOCKER_CONFIG="$d"',
        images.map(pull).join(' && '),
      ].join('; '),
    ],
    secretInput: [password],
  };
}
