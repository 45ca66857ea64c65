import {dockerRemove} from '../../../commands/docker/index.ts';
import type {Host} from '../../../service/hosts.ts';
import type {Target} from '../../target.ts';
import {statesFor, type View} from '../fleet.ts';
import {networkCommands} from '../network.ts';
import type {Found} from '../state.ts';
import {leftoversOf} from './leftovers.ts';
import {prepareBalancer, type Prepared} from './steps/balancer.ts';
import {stopCommands} from './steps/replicas.ts';
import type {Round, Step} from './steps/step.ts';

export const nothing: Prepared = {commands: [], undo: [], what: []};

export type Cleanings = ReadonlyMap<Host, {readonly remove: readonly string[]; readonly stop: readonly string[]}>;

/** What deploys that died left, on each app machine. */
export function cleanings(view: View): Cleanings {
  return new Map(
    [...view.apps, ...view.leaving].map((app) => [app.machine.host, leftoversOf(app, statesFor(view, app))]),
  );
}

/** Everything that an app machine needs before its containers can start; its own balancer included. */
export function prepare(target: Target, view: View, app: Found, cleaning: Cleanings): Prepared {
  const {remove, stop} = cleaning.get(app.machine.host) ?? {remove: [], stop: []};
  const network = networkCommands(target, app);
  const own = view.apart ? undefined : view.balancers.find(({found}) => found === app);
  const balancer =
    own === undefined ? nothing : prepareBalancer(target, own, {apart: false, repair: remove.length + stop.length > 0});
  return {
    // The balancer is set back first: what is removed here may have its traffic.
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
      ...(remove.length === 0 ? [] : [`remove what a deploy left that died: ${remove.join(', ')}`]),
      ...(stop.length === 0 ? [] : [`stop ${stop.join(', ')}`]),
    ],
  };
}

/** The same as a step of its own, before tasks and backing services. */
export function prepareStep(target: Target, view: View, app: Found, cleaning: Cleanings): Step {
  const {commands, undo, what, causes} = prepare(target, view, app, cleaning);
  return {
    phase: 'prepare',
    host: app.machine.host,
    what: what.join('; ') || 'nothing to prepare',
    commands,
    undo,
    causes,
    purpose: `${app.machine.host} could not be prepared`,
  };
}

/** Balancers on hosts of their own. */
export function balancerSteps(target: Target, view: View, cleaning: Cleanings): Round {
  if (!view.apart) return [];
  const repair = [...cleaning.values()].some(({remove, stop}) => remove.length + stop.length > 0);
  return view.balancers.flatMap((one): Step[] => {
    const {commands, undo, what, causes} = prepareBalancer(target, one, {apart: true, repair});
    if (commands.length === 0) return [];
    return [
      {
        phase: 'prepare',
        host: one.found.machine.host,
        what: what.join('; '),
        commands,
        undo,
        causes,
        purpose: `the load balancer on ${one.found.machine.host} could not be prepared`,
      },
    ];
  });
}
