import {dockerHistory, dockerImageInspect} from '../../commands/docker/index.ts';
import type {Runner} from '../../shell/index.ts';

/** The engine's metadata of an image. */
export interface ImageFacts {
  readonly id: string;
  /** As Docker names it: amd64, arm64. */
  readonly architecture: string;
  /** `USER` of the Dockerfile; empty: root. */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports: readonly number[];
  /** `WORKDIR`. */
  readonly directory: string;
  readonly stopSignal: string;
  /** The health check's command, `CMD` or `CMD-SHELL` first; empty: none. */
  readonly healthCheck: readonly string[];
  /** The commands of `docker history`, newest first. */
  readonly history: readonly string[];
}

/**
 * Reads the engine's metadata of an image.
 * @throws Problem `command_failed` where the image is not on this engine
 * @example
 * const {user, ports} = await readImageFacts(context.run, 'buy-service:dev');
 */
export async function readImageFacts(run: Runner, image: string): Promise<ImageFacts> {
  const [inspected, history] = await Promise.all([
    run.read(dockerImageInspect('{{json .}}', image)),
    run.read(dockerHistory(image)),
  ]);
  return parseImageFacts(inspected.stdout, history.stdout);
}

interface ImageInspect {
  readonly Id: string;
  readonly Architecture?: string;
  readonly Config: {
    readonly User?: string;
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly Env?: readonly string[] | null;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly Volumes?: Readonly<Record<string, object>> | null;
    readonly ExposedPorts?: Readonly<Record<string, object>> | null;
    readonly WorkingDir?: string;
    readonly StopSignal?: string;
    readonly Healthcheck?: {readonly Test?: readonly string[] | null} | null;
  };
}

/** The pure part of {@link readImageFacts}: parses the output of `docker image inspect` and `docker history`. */
export function parseImageFacts(inspected: string, history: string): ImageFacts {
  const {Id, Architecture, Config: config} = JSON.parse(inspected) as ImageInspect;
  const test = config.Healthcheck?.Test ?? [];
  return {
    id: Id,
    architecture: Architecture ?? '',
    user: config.User ?? '',
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    environment: Object.fromEntries(
      (config.Env ?? []).map((text) => [text.split('=', 1)[0] ?? '', text.slice(text.indexOf('=') + 1)]),
    ),
    labels: config.Labels ?? {},
    volumes: Object.keys(config.Volumes ?? {}),
    ports: Object.keys(config.ExposedPorts ?? {})
      .map((text) => Number.parseInt(text, 10))
      .sort((a, b) => a - b),
    directory: config.WorkingDir || '/',
    stopSignal: config.StopSignal || 'SIGTERM',
    healthCheck: test[0] === 'NONE' ? [] : test,
    history: history
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as string),
  };
}

/** Whether the entry point starts the `entrypoint` command, which takes task names as words. */
export const isOwnImage = ({entrypoint}: ImageFacts): boolean =>
  entrypoint.flatMap((word) => word.split(/\s+/)).some((word) => word.split('/').at(-1) === 'entrypoint');

/** Whether the user part of `USER user:group` is root: `0`, `root` or empty. */
export const startsAsRoot = ({user}: ImageFacts): boolean => ['', '0', 'root'].includes(user.split(':')[0] ?? '');
