import type {Host} from '../../../service/hosts.ts';
import {appName, stackName} from '../../../stack/names.ts';
import {type Deployment, needsPorts, stackOf, type Target} from '../../target.ts';
import type {Colour, SlotUse} from '../balancer/state.ts';
import type {Fleet} from '../fleet.ts';
import {appsOf, type SurveyedHost} from '../state.ts';
import {freePorts, reachedAt} from './steps/replica-address.ts';

/**
 * The unused colour on this machine. Where possible it is the same on all hosts behind one balancer, so that a colour
 * identifies a release.
 */
function freeColour({dedicated, balancers}: Fleet, app: SurveyedHost): Colour {
  const slots = balancers.filter(({surveyed}) => dedicated || surveyed === app).flatMap(({before}) => before.slots);
  const colours = new Set(slots.map(({colour}) => colour));
  const used = colours.size > 1 ? slots.find(({host}) => host === app.machine.key)?.colour : [...colours][0];
  return used === 'blue' ? 'green' : 'blue';
}

/** The slots of a new release on each app host: of the free colour, at free ports for balancers on other machines. */
export function newSlots(deployment: Deployment, fleet: Fleet, release: number): ReadonlyMap<Host, readonly SlotUse[]> {
  const {
    settings: {replicas},
    service: {
      deployFile: {port},
    },
  } = deployment;
  const stack = stackOf(deployment);
  return new Map(
    fleet.apps.map((app) => {
      const colour = freeColour(fleet, app);
      const ports = needsPorts(deployment.settings) ? freePorts(stackName(stack), app.state.ports, replicas) : [];
      return [
        app.machine.host,
        Array.from({length: replicas}, (_, index): SlotUse => {
          const container = appName(stack, release, index + 1);
          return {
            host: app.machine.key,
            replica: index + 1,
            colour,
            container,
            address: ports.length > 0 ? addressFor(fleet, app) : container,
            port: ports[index] ?? port,
          };
        }),
      ];
    }),
  );
}

// The user's own HAProxy runs on the same host.
const addressFor = ({dedicated}: Fleet, app: SurveyedHost): string => (dedicated ? reachedAt(app) : '127.0.0.1');

/** The slots of a release whose containers still exist. */
export function keptSlots({settings}: Target, fleet: Fleet, app: SurveyedHost, release: number): readonly SlotUse[] {
  const colour = freeColour(fleet, app);
  return appsOf(app.state)
    .filter((one) => one.release === release)
    .toSorted((a, b) => a.replica - b.replica)
    .map(({name, replica, port, published}) => ({
      host: app.machine.key,
      replica,
      colour,
      container: name,
      address: needsPorts(settings) ? addressFor(fleet, app) : name,
      port: needsPorts(settings) ? Number(published.split(':').at(-1)) : port,
    }));
}
