import {balancerCanary, balancerConfig, balancerDrain, balancerRestore} from '../../../commands/lb.ts';
import {exitCode, problem} from '../../../errors.ts';
import {type Deployment, type Target} from '../../target.ts';
import {weightsOf} from '../balancer/canary.ts';
import {renderFragment} from '../balancer/fragment.ts';
import {type BalancerState, type Canary, serversOf, type SlotUse} from '../balancer/state.ts';
import {type FleetBalancer, fleetOf} from '../fleet.ts';
import {balancerOf, type SurveyedHost} from '../state.ts';
import {planDeploy, type PlanOptions} from './deploy.ts';
import type {Plan} from './plan.ts';
import {newSlots} from './slots.ts';
import {finishRounds} from './steps/finish.ts';
import type {Step} from './steps/step.ts';

/**
 * Plans a canary: a new release alongside the current one, with a share of the requests. Both serve until `--continue` or
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
      what: `${deployment.service.name} is not deployed in ${deployment.environment}: a canary needs a release to run alongside`,
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
        current: whole.previous,
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
      state: {lbVersion: version},
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
      balancerCanary(name, version, next.name, canary.slots[0]?.colour ?? 'blue', weights),
      balancerConfig(name, next.name, renderFragment(next), 'file-only'),
    ],
    undo: [
      balancerConfig(name, before.name, renderFragment(before), 'file-only'),
      balancerRestore(name, before.name),
      balancerDrain(name, version, target.settings.drain_timeout_seconds, servers),
    ],
    purpose: `cannot give the canary its share on ${host}`,
  };
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
