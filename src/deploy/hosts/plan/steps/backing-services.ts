import {dockerRemove, dockerVolumeRemove} from '../../../../commands/docker/index.ts';
import {backingCommands, backingReady, backingServicesOf} from '../../../../stack/backing-services.ts';
import {backingName, volumeName} from '../../../../stack/names.ts';
import {stackOf, settingsHash, type Target} from '../../../target.ts';
import {networkOf} from '../../stack-network.ts';
import type {SurveyedHost} from '../../state.ts';
import type {Round, Step} from './step.ts';

/** Starts and awaits the backing services one after the other. A running one keeps its settings. */
export function backingSteps(
  target: Target,
  {machine: {host}, state}: SurveyedHost,
): {rounds: Round[]; notes: string[]} {
  const stack = stackOf(target);
  const notes: string[] = [];
  const rounds = backingServicesOf(target.service.deployFile, target.settings).flatMap(([name, backing]): Round[] => {
    const container = backingName(stack, name);
    const existing = state.containers.find((one) => one.name === container);
    const runs = existing?.state === 'running';
    if (runs && existing.settings !== settingsHash(backing)) {
      notes.push(
        `the backing service ${name} keeps the settings it was started with; to apply those of deploy.yaml: docker rm --force ${container}, then deploy again (its data stays)`,
      );
    }
    const ready = backingReady(stack, name, backing);
    const awaiting: Step = {phase: 'backing', host, what: `await ${container}`, ...ready, logs: [{host, container}]};
    if (runs) return [[awaiting]];
    const newVolumes = Object.keys(backing.volumes)
      .map((volume) => volumeName(stack, name, volume))
      .filter((volume) => !state.volumes.includes(volume));
    const start = backingCommands(stack, name, backing, {
      durable: true,
      network: networkOf(target),
      labels: {'entrypoint.settings': settingsHash(backing)},
    });
    return [
      [
        {
          phase: 'backing',
          host,
          what: `start ${container}`,
          ...start,
          commands: [...(existing === undefined ? [] : [dockerRemove(container)]), ...start.commands],
          undo:
            existing === undefined
              ? [dockerRemove(container), ...(newVolumes.length === 0 ? [] : [dockerVolumeRemove(...newVolumes)])]
              : [],
        },
      ],
      [awaiting],
    ];
  });
  return {rounds, notes};
}
