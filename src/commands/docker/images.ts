import {type Command, quote, type Words, wordsText} from '../../shell/argv.ts';
import {flag, pairs} from './flags.ts';

/**
 * Pushes an image to the registry that its name begins with.
 * @example
 * await context.run(dockerPush('127.0.0.1:5000/buy-service:1.4.2'), {retry: true});
 */
export const dockerPush = (image: string): Words => ['docker', 'push', '--quiet', image];

/**
 * Gives an image another name.
 * @example
 * await context.run(dockerTag('buy-service:dev', '127.0.0.1:5000/buy-service:dev'));
 */
export const dockerTag = (image: string, name: string): Words => ['docker', 'tag', image, name];

/** Removes images unless they are in use; one in use stays, without an error. */
export const dockerImageRemove = (...images: string[]): Words => [
  'sh',
  '-c',
  `${wordsText(['docker', 'image', 'rm', ...images])} >/dev/null 2>&1 || :`,
];

/**
 * Removes images that `build` made on this engine, by their ids. An image stays if a container uses it, running or not,
 * if it has another name than those of its builds and `publish`, or if `build` did not make it.
 */
export const dockerBuiltImageRemove = (service: string, ...ids: string[]): Words => [
  'sh',
  '-c',
  [
    `for id in ${ids.map(quote).join(' ')}; do`,
    // The service, the beginning of the commit, and the names.
    `  names=$(${wordsText(['docker', 'image', 'inspect', '--format', builtNames])} "$id" 2>/dev/null) || continue`,
    '  set -- $names',
    `  [ $# -ge 2 ] && [ "$1" = ${quote(service)} ] || continue`,
    '  commit=$2; shift 2',
    '  for name; do case "${name##*/}" in',
    `    ${service}:"$commit" | ${service}:"$commit"-dirty | ${service}:"$commit"-linux-* | ${service}:"$commit"-dirty-linux-*) ;; *) continue 2 ;;`,
    '  esac; done',
    `  [ -z "$(docker ps --all --quiet --filter "ancestor=$id")" ] || continue`,
    '  [ $# -gt 0 ] || set -- "$id"',
    '  docker image rm "$@" >/dev/null 2>&1 || :',
    'done',
  ].join('\n'),
];

const builtNames =
  '{{with .Config.Labels}}{{index . "entrypoint.service_name"}} {{printf "%.12s" (index . "entrypoint.git_commit_hash")}}{{end}}{{range .RepoTags}} {{.}}{{end}}';

/**
 * Prints an image's metadata in Docker's template language; exit code 1 if the image is not on this engine.
 * @see https://docs.docker.com/reference/cli/docker/image/inspect/
 * @example
 * const {stdout} = await context.run.read(dockerImageInspect('{{.Size}}', 'buy-service:dev')); // bytes
 */
export const dockerImageInspect = (format: string, image: string): Words => [
  'docker',
  'image',
  'inspect',
  '--format',
  format,
  image,
];

/** All layers of an image as one tar archive. */
export const dockerSave = (image: string, file: string): Words => ['docker', 'save', '--output', file, image];

/** The instructions that built an image, newest first, one JSON string a line. */
export const dockerHistory = (image: string): Words => [
  'docker',
  'history',
  '--no-trunc',
  '--format',
  '{{json .CreatedBy}}',
  image,
];

/** What to build, and what the build can use. */
export interface DockerBuildOptions {
  /** The build context, a directory. */
  readonly context: string;
  readonly tags: readonly string[];
  /** Default: `Dockerfile` in the context. */
  readonly file?: string | undefined;
  /** Stage to build. Default: the last one. */
  readonly target?: string | undefined;
  /** `linux/arm64`. Default: that of the engine. */
  readonly platform?: string | undefined;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Build secrets, `id` to path: files that the build can read and that no layer stores. */
  readonly secretFiles?: Readonly<Record<string, string>>;
  /** The same, `id` to the variable that has the value. */
  readonly secretVariables?: Readonly<Record<string, string>>;
  /** Where the values of these variables come from. Default: the environment. */
  readonly secrets?: Command['secrets'];
  readonly noCache?: boolean;
}

/**
 * Builds an image with BuildKit.
 * @param client the words of this machine's BuildKit client, from `findDockerClient`
 * @example
 * const client = await findDockerClient(context);
 * await context.run(dockerBuild({context: '.', tags: ['buy-service:dev']}, client));
 */
export function dockerBuild(
  options: DockerBuildOptions,
  client: {readonly build: Words; readonly env: Readonly<Record<string, string>>},
): Command {
  const words = [
    ...client.build,
    ...flag('--file', options.file),
    ...flag('--target', options.target),
    ...flag('--platform', options.platform),
    ...options.tags.flatMap((tag) => ['--tag', tag]),
    ...pairs('--build-arg', options.buildArgs),
    ...pairs('--label', options.labels),
    ...Object.entries(options.secretFiles ?? {}).flatMap(([id, path]) => ['--secret', `id=${id},src=${path}`]),
    ...Object.entries(options.secretVariables ?? {}).flatMap(([id, name]) => ['--secret', `id=${id},env=${name}`]),
    ...(options.noCache === true ? ['--no-cache'] : []),
    options.context,
  ];
  return {words, env: client.env, ...(options.secrets === undefined ? {} : {secrets: options.secrets})};
}
