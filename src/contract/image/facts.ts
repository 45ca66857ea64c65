import {dockerHistory, dockerImageInspect} from '../../commands/docker/index.ts';
import type {Runner} from '../../shell/index.ts';

/** What the engine tells of an image without running it. */
export interface ImageFacts {
  readonly id: string;
  /** Empty: root. */
  readonly user: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports: readonly number[];
  readonly directory: string;
  readonly stopSignal: string;
  /** Words of the health check, `CMD` or `CMD-SHELL` first; empty without one. */
  readonly healthCheck: readonly string[];
  /** The commands that made it, newest first. */
  readonly history: readonly string[];
}

export async function readImageFacts(run: Runner, image: string): Promise<ImageFacts> {
  const [inspected, history] = await Promise.all([
    run.read(dockerImageInspect('{{json .}}', image)),
    run.read(dockerHistory(image)),
  ]);
  return parseImageFacts(inspected.stdout, history.stdout);
}

interface Inspected {
  readonly Id: string;
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

/** The pure part of {@link readImageFacts}: the texts of `docker image inspect` and `docker history`. */
export function parseImageFacts(inspected: string, history: string): ImageFacts {
  const {Id, Config: config} = JSON.parse(inspected) as Inspected;
  const test = config.Healthcheck?.Test ?? [];
  return {
    id: Id,
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

/** Does our command start whatever the image runs? It is asked for tasks by name then. */
export const isOwnImage = ({entrypoint}: ImageFacts): boolean =>
  entrypoint.flatMap((word) => word.split(/\s+/)).some((word) => word.split('/').at(-1) === 'entrypoint');

/** The numeric or named user part of `user:group`; `0`, `root` and nothing are root. */
export const startsAsRoot = ({user}: ImageFacts): boolean => ['', '0', 'root'].includes(user.split(':')[0] ?? '');
