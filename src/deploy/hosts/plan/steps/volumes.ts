import {posix} from 'node:path';
import {
  dockerImageInspect,
  dockerRun,
  dockerVolumeCreate,
  dockerVolumeRemove,
} from '../../../../commands/docker/index.ts';
import {quote, toCommand, type Words, wordsText} from '../../../../shell/argv.ts';
import {stackLabels, volumeName} from '../../../../stack/names.ts';
import {type Deployment, stackOf, type Target} from '../../../target.ts';
import type {SurveyedHost} from '../../state.ts';
import type {Prepared} from './step.ts';

/** The user that services run as in images whose init starts as root (images/base). */
const serviceUser = '10001:10001';

/** The mounts of the service's volumes: for replicas, and for tasks before and after the switch. */
export const volumeMounts = (target: Target): string[] =>
  Object.entries(target.settings.volumes).map(([name, path]) => `${volumeName(stackOf(target), 'app', name)}:${path}`);

/**
 * Creates the volumes of the service that a host does not have yet, writable for the service's user: docker makes the
 * root of a new volume root's, unless the image has a directory there. A volume that exists is never changed.
 */
export function withVolumes(deployment: Deployment, {state}: SurveyedHost, prepared: Prepared): Prepared {
  const stack = stackOf(deployment);
  const fresh = Object.entries(deployment.settings.volumes)
    .map(([name, path]) => ({name: volumeName(stack, 'app', name), path}))
    .filter(({name}) => !state.volumes.includes(name));
  if (fresh.length === 0) return prepared;
  const names = fresh.map(({name}) => name);
  return {
    commands: [
      ...prepared.commands,
      ...names.map((name) => dockerVolumeCreate(name, stackLabels(stack))),
      ownVolumes(deployment, fresh),
    ],
    undo: [dockerVolumeRemove(...names), ...prepared.undo],
    what: [...prepared.what, `create ${names.join(', ')}`],
    verify: [requireOwnVolumes(names)],
    causes: [
      ...(prepared.causes ?? []),
      {
        pattern: 'chown: ',
        purpose: `cannot make the volumes ${names.join(', ')} writable for the service`,
        fix: 'make their paths in the image, with their owner: RUN install -d -o webuser -g webgroup PATH',
      },
    ],
  };
}

/**
 * A prune of an engine before version 23 takes a volume that no container uses: `docker run` then makes another one, with
 * neither owner nor labels. Exits as `docker run` does when it loses a container, so that the step is done again.
 */
const requireOwnVolumes = (names: readonly string[]): Words => [
  'sh',
  '-c',
  `for v in ${names.map(quote).join(' ')}; do [ -n "$(docker volume inspect --format '{{index .Labels "entrypoint.service_name"}}' "$v")" ] || { echo "volume $v not found" >&2; exit 125; }; done`,
];

/**
 * Gives new volumes to the user of the service: `--user` of docker_options, else the user of the image. The mount itself
 * copies the owner of a directory that the image has at the path: only what is still root's changes. The program is
 * `chown` itself: the image needs no shell.
 */
function ownVolumes(
  {image, settings: {docker_options: options}}: Deployment,
  volumes: readonly {readonly name: string; readonly path: string}[],
): Words {
  const user = userOption(options);
  const run = dockerRun(
    {
      image,
      network: 'none',
      user: '0',
      entrypoint: 'chown',
      volumes: volumes.map(({name, path}) => `${name}:${path}`),
      command: ['--from=0:0'],
    },
    'foreground',
  );
  // Docker mounts /a/../b at /b, and makes no /a.
  const paths = volumes.map(({path}) => posix.normalize(path));
  if (user !== undefined) return [...toCommand(run).words, user, ...paths];
  return [
    'sh',
    '-c',
    [
      `user=$(${wordsText(dockerImageInspect('{{.Config.User}}', image))}) || user=''`,
      `case "$user" in '' | 0 | 0:* | root | root:*) user=${serviceUser} ;; esac`,
      `${wordsText(run.words)} "$user" ${paths.map(quote).join(' ')}`,
    ].join('; '),
  ];
}

/** The user in options of `docker run`; undefined without. The last one counts. */
export function userOption(options: readonly string[]): string | undefined {
  return options
    .flatMap((word, index) => {
      const joined = /^(?:--user=|-u=?)(.+)$/.exec(word)?.[1];
      if (joined !== undefined) return [joined];
      const next = options[index + 1];
      return (word === '--user' || word === '-u') && next !== undefined ? [next] : [];
    })
    .at(-1);
}
