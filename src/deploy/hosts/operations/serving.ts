import type {Target} from '../../target.ts';
import type {Host} from '../host.ts';
import {appsOf, requireDeployed} from '../state.ts';
import type {Found} from '../state.ts';
import {slotsOn, statesFor, viewOf} from '../fleet.ts';

/** A replica that gets traffic, and where it runs. */
export interface Serving {
  readonly host: Host;
  readonly container: string;
}

/**
 * The replicas that get traffic, host by host; a canary's are among them.
 * @throws Problem `not_deployed`
 */
export function servingOn(target: Target, found: readonly Found[]): Serving[] {
  requireDeployed(found, target);
  const view = viewOf(target, found);
  return view.apps.flatMap((app) => {
    const used = new Set(statesFor(view, app).flatMap((state) => slotsOn([...state.slots, ...(state.canary?.slots ?? [])], app)).map(({container}) => container));
    return appsOf(app.state).filter(({name}) => used.has(name)).map(({name}) => ({host: app.machine.host, container: name}));
  });
}
