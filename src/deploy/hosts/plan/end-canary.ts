import {dockerRemove} from '../../../commands/docker/index.ts';
import {balancerConfig, balancerDrain, balancerRestore} from '../../../commands/lb.ts';
import {exitCode, problem} from '../../../errors.ts';
import {onDestination} from '../../../service/hosts.ts';
import {stackName} from '../../../stack/names.ts';
import {stackOf, type Target} from '../../target.ts';
import {renderFragment} from '../balancer/fragment.ts';
import {type Canary, serversOf, type SlotUse} from '../balancer/state.ts';
import {slotsOn, type Fleet, fleetOf} from '../fleet.ts';
import {taskUrl} from '../service-address.ts';
import {appsOf, balancerOf, type SurveyedHost} from '../state.ts';
import {batchSize} from './batches.ts';
import {comparisonOf} from './comparison.ts';
import {lockOrder, type PlanOptions} from './deploy.ts';
import type {Plan} from './plan.ts';
import {rolloutRounds} from './rollout.ts';
import {finishRounds} from './steps/finish.ts';
import type {Round, Step} from './steps/step.ts';
import {taskStep} from './steps/tasks.ts';

/**
 * Plans the end of a canary that gets all requests.
 * @throws Problem `no_canary`
 */
export function planContinue(
  target: Target,
  surveyed: readonly SurveyedHost[],
  {watchSeconds, entry, batch}: PlanOptions,
): Plan {
  const fleet = fleetOf(target, surveyed);
  const canary = requireCanary(target, fleet);
  const {release} = canary;
  const image = imageOf(fleet, release);
  const releases = {release, previous: fleet.serving, isDown: fleet.isDown};
  const slots = (app: SurveyedHost): readonly SlotUse[] => {
    const own = fleet.balancers.find(({surveyed: one}) => fleet.dedicated || one === app)?.before.canary?.slots ?? [];
    return slotsOn(own, app);
  };
  const rollout = {...releases, slots};
  const [first] = fleet.apps;
  const after = target.settings.after.map((name): Round =>
    first === undefined
      ? []
      : [taskStep({...target, image, commit: ''}, 'after', first.machine.host, name, releases, taskUrl(target, fleet))],
  );
  return {
    ...base(target, fleet, surveyed),
    what: 'continue',
    ...releases,
    image,
    rounds: [...rolloutRounds(target, fleet, rollout, batchSize(batch, fleet.apps.length)), ...after],
    comparison: comparisonOf(target, fleet, watchSeconds, rollout),
    finish: finishRounds(target, fleet, {...releases, image, entry}),
  };
}

/**
 * Plans the removal of a canary: all requests go to the current release.
 * @throws Problem `no_canary`
 */
export function planAbort(target: Target, surveyed: readonly SurveyedHost[], {entry}: PlanOptions): Plan {
  const fleet = fleetOf(target, surveyed);
  const {release} = requireCanary(target, fleet);
  const name = balancerOf(target);
  const back = fleet.balancers.map(
    ({
      surveyed: {
        machine: {host},
        state: {lbVersion: version},
      },
      before,
    }): Step => {
      const {canary, ...next} = before;
      const servers = serversOf(next.name, canary?.slots ?? []);
      return {
        phase: 'switch',
        host,
        what: `drain ${servers.join(', ')}`,
        commands: [
          balancerConfig(name, next.name, renderFragment(next), 'file-only'),
          balancerRestore(name, next.name),
          ...(servers.length === 0
            ? []
            : [balancerDrain(name, version, target.settings.drain_timeout_seconds, servers)]),
        ],
        purpose: `cannot drain the canary on ${host}`,
      };
    },
  );
  const removal = fleet.apps.flatMap((app): Step[] => {
    const names = appsOf(app.state)
      .filter((one) => one.release === release)
      .map((one) => one.name);
    return names.length === 0
      ? []
      : [
          {
            phase: 'stop',
            host: app.machine.host,
            what: `remove ${names.join(', ')}`,
            commands: [dockerRemove(...names)],
            purpose: `cannot remove the canary${onDestination(app.machine.host)}`,
          },
        ];
  });
  return {
    ...base(target, fleet, surveyed),
    what: 'abort',
    release,
    previous: fleet.serving,
    image: imageOf(fleet, release),
    rounds: [back, removal],
    comparison: undefined,
    finish: finishRounds(
      target,
      {...fleet, leaving: []},
      {
        release: fleet.serving,
        previous: fleet.balancers[0]?.before.previous ?? 0,
        image: imageOf(fleet, fleet.serving),
        entry,
        logged: {release, image: imageOf(fleet, release)},
      },
    ),
  };
}

function base(
  target: Target,
  fleet: Fleet,
  surveyed: readonly SurveyedHost[],
): Pick<Plan, 'service' | 'environment' | 'hosts' | 'notes' | 'first'> {
  return {...stackOf(target), notes: [], first: [], hosts: lockOrder(fleet, surveyed)};
}

const imageOf = ({apps}: Fleet, release: number): string =>
  apps.flatMap(({state}) => appsOf(state)).find((one) => one.release === release)?.image ?? '';

function requireCanary(target: Target, {balancers}: Fleet): Canary {
  const canary = balancers.map(({before}) => before.canary).find((one) => one !== undefined);
  if (canary !== undefined) return canary;
  throw problem({
    code: 'no_canary',
    what: `no canary of ${stackName(stackOf(target))} is running`,
    fix: `entrypoint deploy ${target.environment} --canary=10%`,
    exitCode: exitCode.usage,
  });
}
