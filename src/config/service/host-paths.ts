import type {Environment as Settings} from '../../service/schema/schema.ts';

type Some = Pick<Settings, 'volumes' | 'docker_options'>;

interface Mount {
  /** A path of the host, or the name of a volume. */
  readonly source: string;
  readonly target: string;
  /** Where deploy.yaml says it. */
  readonly by: 'docker_options' | 'volumes';
}

const configuration =
  /(?:^|\/)(?:config|configs|conf|conf\.d|settings|etc|secrets?)(?:\/|$)|\.(?:ini|cfg|conf|ya?ml|json|toml|properties|env)$|(?:^|\/)\.env/i;
const logs = /(?:^|\/)logs?(?:\/|$)|\.log$|^\/dev\/log$/i;
/** What containers share with their host for other reasons. */
const usual =
  /^\/etc\/(?:localtime|timezone|ssl|pki|ca-certificates|passwd|group|hosts|resolv\.conf|nsswitch\.conf)(?:\/|$)|docker\.sock$|^\/(?:dev|proc|sys)\/(?!log$)|\.(?:pem|crt|key)$|^\/run\/secrets(?:\/|$)/;

/**
 * Warnings for what an environment mounts from its hosts for configuration or logs, each with its fix. Named volumes count
 * if they are mounted where configuration or logs usually are.
 */
export function hostPathWarnings({volumes, docker_options: options}: Some): readonly string[] {
  const named = Object.entries(volumes).map(([source, target]): Mount => ({source, target, by: 'volumes'}));
  return [
    ...[...mountsOf(options), ...named].flatMap((mount) => warningOf(mount) ?? []),
    ...valuesOf(options, ['--env-file']).map(
      (file) =>
        `docker_options reads variables from ${file} of each host, where they drift\nfix: set them under \`environment\` and \`secrets\`, which are the same on every host`,
    ),
  ];
}

function warningOf({source, target, by}: Mount): string | undefined {
  const isPath = source.startsWith('/') || source.startsWith('.') || source.startsWith('~');
  if (usual.test(target) || (isPath && usual.test(source))) return undefined;
  const what = isPath ? `${source} of each host` : `the volume ${source}`;
  // A volume's own name says what it is for; a path of the host says it by either end.
  const texts = isPath ? [source, target] : [target];
  if (texts.some((text) => logs.test(text)))
    return `${by} mounts ${what} at ${target}: logs that no engine collects or limits\nfix: log to standard output, and choose a driver with \`log\` in deploy.yaml`;
  if (texts.some((text) => configuration.test(text)))
    return `${by} mounts ${what} at ${target}: configuration that drifts from host to host\nfix: pass what varies as environment variables; entrypoint config audit FILE... says which keys do`;
  return undefined;
}

/** The mounts of `docker run` options: -v, --volume and --mount. */
function mountsOf(options: readonly string[]): readonly Mount[] {
  const short = valuesOf(options, ['-v', '--volume']).map((text) => {
    const [source = '', target = ''] = text.split(':');
    return {source, target};
  });
  const long = valuesOf(options, ['--mount']).map((text) => {
    const words = Object.fromEntries(text.split(',').map((word) => word.split('=', 2))) as Readonly<
      Record<string, string>
    >;
    return {
      source: words['source'] ?? words['src'] ?? '',
      target: words['target'] ?? words['destination'] ?? words['dst'] ?? '',
    };
  });
  return [...short, ...long]
    .filter(({source, target}) => source !== '' && target !== '')
    .map(({source, target}) => ({source, target, by: 'docker_options'}));
}

/** The values of flags, written as one word or as two. */
function valuesOf(options: readonly string[], flags: readonly string[]): readonly string[] {
  return options.flatMap((word, at) => {
    const flag = flags.find((one) => word === one || word.startsWith(`${one}=`) || (one === '-v' && /^-v./.test(word)));
    if (flag === undefined) return [];
    if (word === flag) return options[at + 1] ?? [];
    return word.slice(flag.length).replace(/^=/, '');
  });
}
