import type {Host} from '../../../service/hosts.ts';
import {appName, stackName} from '../../../stack/names.ts';
import {type Deployment, needsPorts, stackOf, type Target} from '../../target.ts';
import type {Half, SlotUse} from '../balancer/state.ts';
import type {View} from '../fleet.ts';
import {appsOf, type Found} from '../state.ts';
import {freePorts, reachedAt} from './steps/ports.ts';

/**
 * The half of the slots that nothing has on this machine: the same on all hosts behind one balancer, where possible, so
 * that a release can be told by its half.
 */
function freeHalf({apart, balancers}: View, app: Found): Half {
  const slots = balancers.filter(({found}) => apart || found === app).flatMap(({before}) => before.slots);
  const halves = new Set(slots.map(({half}) => half));
  const used = halves.size > 1 ? slots.find(({host}) => host === app.machine.key)?.half : [...halves][0];
  return used === 'a' ? 'b' : 'a';
}

/** Where a new release is going to answer on each app host: in free slots, at free ports where the balancers are elsewhere. */
export function newSlots(deployment: Deployment, view: View, release: number): ReadonlyMap<Host, readonly SlotUse[]> {
  const {
    settings: {replicas},
    service: {
      deployFile: {port},
    },
  } = deployment;
  const stack = stackOf(deployment);
  return new Map(
    view.apps.map((app) => {
      const half = freeHalf(view, app);
      const ports = needsPorts(deployment.settings) ? freePorts(stackName(stack), app.state.ports, replicas) : [];
      return [
        app.machine.host,
        Array.from({length: replicas}, (_, index): SlotUse => {
          const container = appName(stack, release, index + 1);
          return {
            host: app.machine.key,
            replica: index + 1,
            half,
            container,
            address: ports.length > 0 ? addressFor(view, app) : container,
            port: ports[index] ?? port,
          };
        }),
      ];
    }),
  );
}

// A HAProxy of the user's own on the same host needs no address that others know.
const addressFor = ({apart}: View, app: Found): string => (apart ? reachedAt(app) : '127.0.0.1');

/** Where the containers of a release that are still there are going to answer. */
export function keptSlots({settings}: Target, view: View, app: Found, release: number): readonly SlotUse[] {
  const half = freeHalf(view, app);
  return appsOf(app.state)
    .filter((one) => one.release === release)
    .toSorted((a, b) => a.replica - b.replica)
    .map(({name, replica, port, published}) => ({
      host: app.machine.key,
      replica,
      half,
      container: name,
      address: needsPorts(settings) ? addressFor(view, app) : name,
      port: needsPorts(settings) ? Number(published.split(':').at(-1)) : port,
    }));
}
