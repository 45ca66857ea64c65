import {type Command, type Words, wordsText} from '../../shell/argv.ts';
import {flag, pairs} from './flags.ts';

export const dockerPull = (image: string): Words => ['docker', 'pull', '--quiet', image];

export const dockerPush = (image: string): Words => ['docker', 'push', '--quiet', image];

export const dockerTag = (image: string, name: string): Words => ['docker', 'tag', image, name];

/** Removes an image that nothing uses; one that is still in use stays, which is no failure. */
export const dockerImageRemove = (image: string): Words => [
  'sh',
  '-c',
  `${wordsText(['docker', 'image', 'rm', image])} >/dev/null 2>&1 || :`,
];

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

export interface DockerBuildOptions {
  /** The build context, a directory. */
  readonly context: string;
  readonly tags: readonly string[];
  /** Default: `Dockerfile` in the context. */
  readonly file?: string | undefined;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Files that the build can read and that no layer keeps: `id` to path. */
  readonly secretFiles?: Readonly<Record<string, string>>;
  readonly noCache?: boolean;
}

/** @param client the words of this machine's BuildKit client, from `findDockerClient` */
export function dockerBuild(
  options: DockerBuildOptions,
  client: {readonly build: Words; readonly env: Readonly<Record<string, string>>},
): Command {
  const words = [
    ...client.build,
    ...flag('--file', options.file),
    ...options.tags.flatMap((tag) => ['--tag', tag]),
    ...pairs('--build-arg', options.buildArgs),
    ...pairs('--label', options.labels),
    ...Object.entries(options.secretFiles ?? {}).flatMap(([id, path]) => ['--secret', `id=${id},src=${path}`]),
    ...(options.noCache === true ? ['--no-cache'] : []),
    options.context,
  ];
  return {words, env: client.env};
}
