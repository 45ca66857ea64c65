import {dockerRemove} from '../../../commands/docker/index.ts';
import {balancerCanary, balancerConfig, balancerIdle, balancerRestore} from '../../../commands/lb.ts';
import {exitCode, problem} from '../../../errors.ts';
import {onHost} from '../../../service/hosts.ts';
import {stackName} from '../../../stack/names.ts';
import {type Deployment, stackOf, type Target} from '../../target.ts';
import {weightsOf} from '../balancer/canary.ts';
import {renderFragment} from '../balancer/fragment.ts';
import {type BalancerState, type Canary, halfOf, serversOf, type SlotUse} from '../balancer/state.ts';
import {type FleetBalancer, slotsOn, type Fleet, fleetOf} from '../fleet.ts';
import {taskUrl} from '../service-address.ts';
import {appsOf, balancerOf, type SurveyedHost} from '../state.ts';
import {batchSize} from './batches.ts';
import {comparisonOf} from './comparison.ts';
import {lockOrder, planDeploy, type PlanOptions} from './deploy.ts';
import type {Plan} from './plan.ts';
import {rolloutRounds} from './rollout.ts';
import {newSlots} from './slots.ts';
import {finishRounds} from './steps/finish.ts';
import type {Round, Step} from './steps/step.ts';
import {taskStep} from './steps/tasks.ts';

/**
 * Plans a canary: a new release beside the current one, with a share of the requests. Both serve until `--continue` or
 * `--abort`.
 * @throws Problem `not_deployed`, `canary_under_way`
 */
export function planCanary(
  deployment: Deployment,
  surveyed: readonly SurveyedHost[],
  percent: number,
  options: PlanOptions,
): Plan {
  const fleet = fleetOf(deployment, surveyed);
  if (fleet.serving === 0) {
    throw problem({
      code: 'not_deployed',
      what: `${deployment.service.name} is not deployed in ${deployment.environment}: a canary needs a release beside it`,
      fix: `entrypoint deploy ${deployment.environment}`,
    });
  }
  const whole = planDeploy(deployment, surveyed, {...options, batch: 'all'});
  const slots = newSlots(deployment, fleet, whole.release);
  const fresh = (own: SurveyedHost): SlotUse[] =>
    (fleet.dedicated ? fleet.apps : [own]).flatMap((app) => slots.get(app.machine.host) ?? []);
  const switching = whole.rounds.findIndex(([step]) => step?.phase === 'switch');
  const shares = fleet.balancers.map((one) =>
    shareStep(deployment, one, {release: whole.release, percent, slots: fresh(one.surveyed)}),
  );
  return {
    ...whole,
    what: 'canary',
    rounds: [...whole.rounds.slice(0, switching), shares],
    finish: finishRounds(
      deployment,
      {...fleet, leaving: []},
      {
        release: whole.release,
        beside: whole.previous,
        previous: fleet.balancers[0]?.before.previous ?? 0,
        image: whole.image,
        entry: options.entry,
      },
    ),
  };
}

function shareStep(
  target: Target,
  {
    surveyed: {
      machine: {host},
    },
    before,
  }: FleetBalancer,
  canary: Canary,
): Step {
  const name = balancerOf(target);
  const next: BalancerState = {...before, canary};
  const weights = Object.fromEntries(
    Object.entries(weightsOf(next) ?? {}).map(([slot, weight]) => [`${next.name}/${slot}`, weight]),
  );
  const servers = serversOf(next.name, canary.slots);
  return {
    phase: 'switch',
    host,
    what: `give ${canary.percent} % of the requests to ${servers.join(', ')}`,
    commands: [
      balancerCanary(name, next.name, halfOf(canary.slots[0]?.colour ?? 'blue'), weights),
      balancerConfig(name, next.name, renderFragment(next), 'file-only'),
    ],
    undo: [
      balancerConfig(name, before.name, renderFragment(before), 'file-only'),
      balancerRestore(name, before.name),
      balancerIdle(name, target.settings.drain_timeout_seconds, servers),
    ],
    purpose: `cannot give the canary its share on ${host}`,
  };
}

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
  const releases = {release, previous: fleet.serving};
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
 * Plans the removal of a canary: all requests go to the release beside it.
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
          ...(servers.length === 0 ? [] : [balancerIdle(name, target.settings.drain_timeout_seconds, servers)]),
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
            purpose: `cannot remove the canary${onHost(app.machine.host)}`,
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

/**
 * @param text `10%` or `10`: more than 0 and less than 100
 * @throws Problem `usage`
 */
export function percentOf(text: string): number {
  const percent = Number(text.replace(/%$/, ''));
  if (percent > 0 && percent < 100) return percent;
  throw problem({
    code: 'usage',
    what: `--canary must be a percentage of the requests, not ${text}`,
    fix: 'more than 0% and less than 100%, such as --canary=10%',
    exitCode: exitCode.usage,
  });
}
