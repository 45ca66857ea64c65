import {dockerRemove} from '../../../commands/docker/index.ts';
import type {Target} from '../../target.ts';
import type {Fleet} from '../fleet.ts';
import {networkCommands} from '../stack-network.ts';
import type {SurveyedHost} from '../state.ts';
import type {LeftoversByHost} from './leftovers.ts';
import {prepareBalancer} from './steps/balancer.ts';
import {stopCommands} from './steps/replicas.ts';
import type {Prepared, Round, Step} from './steps/step.ts';

export const nothing: Prepared = {commands: [], undo: [], what: []};

/** Prepares an app machine, its own balancer included, before its containers start. */
export function prepare(target: Target, fleet: Fleet, app: SurveyedHost, leftovers: LeftoversByHost): Prepared {
  const {remove, stop} = leftovers.get(app.machine.host) ?? {remove: [], stop: []};
  const network = networkCommands(target, app);
  const own = fleet.dedicated ? undefined : fleet.balancers.find(({surveyed}) => surveyed === app);
  const balancer =
    own === undefined
      ? nothing
      : prepareBalancer(target, own, {dedicated: false, repair: remove.length + stop.length > 0});
  return {
    // The balancer first: a leftover can have its traffic.
    commands: [
      ...network.commands,
      ...balancer.commands,
      ...(remove.length === 0 ? [] : [dockerRemove(...remove)]),
      ...stopCommands(target, stop),
    ],
    undo: [...balancer.undo, ...network.undo],
    causes: balancer.causes,
    what: [
      ...(network.commands.length === 0 ? [] : ['create the network']),
      ...balancer.what,
      ...(remove.length === 0 ? [] : [`remove leftovers of a failed deploy: ${remove.join(', ')}`]),
      ...(stop.length === 0 ? [] : [`stop ${stop.join(', ')}`]),
    ],
  };
}

/**
 * The same as a step of its own, before tasks and backing services.
 * @param complete what completes it there, such as the volumes of a task
 */
export function prepareStep(
  target: Target,
  fleet: Fleet,
  app: SurveyedHost,
  leftovers: LeftoversByHost,
  complete: (prepared: Prepared) => Prepared = (prepared) => prepared,
): Step {
  const {commands, undo, what, causes} = complete(prepare(target, fleet, app, leftovers));
  return {
    phase: 'prepare',
    host: app.machine.host,
    what: what.join('; ') || 'nothing to prepare',
    commands,
    undo,
    causes,
    purpose: `cannot prepare ${app.machine.host}`,
  };
}

/** Prepares dedicated balancers. */
export function balancerSteps(target: Target, fleet: Fleet, leftovers: LeftoversByHost): Round {
  if (!fleet.dedicated) return [];
  const repair = [...leftovers.values()].some(({remove, stop}) => remove.length + stop.length > 0);
  return fleet.balancers.flatMap((one): Step[] => {
    const {commands, undo, what, causes} = prepareBalancer(target, one, {dedicated: true, repair});
    if (commands.length === 0) return [];
    const {host} = one.surveyed.machine;
    return [
      {
        phase: 'prepare',
        host,
        what: what.join('; '),
        commands,
        undo,
        causes,
        purpose: `cannot prepare the load balancer on ${host}`,
      },
    ];
  });
}
