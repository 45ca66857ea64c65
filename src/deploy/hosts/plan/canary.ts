import {dockerRemove} from '../../../commands/docker.ts';
import {balancerCanary, balancerConfig, balancerDrain, balancerRestore} from '../../../commands/lb.ts';
import {exitCode, problem} from '../../../errors.ts';
import {isRemote} from '../../../service/hosts.ts';
import {stackName} from '../../../stack/names.ts';
import {batchSize, type Deployment, stackOf, type Target} from '../../target.ts';
import {taskUrl} from '../address.ts';
import {weightsOf} from '../balancer/canary.ts';
import {renderFragment} from '../balancer/fragment.ts';
import {type BalancerState, type Canary, serversOf, type SlotUse} from '../balancer/state.ts';
import {type BalancerView, slotsOn, type View, viewOf} from '../fleet.ts';
import {appsOf, balancerOf, type Found} from '../state.ts';
import {type DeployOptions, planDeploy} from './deploy.ts';
import {moveRounds} from './moves.ts';
import type {Plan} from './plan.ts';
import {newSlots} from './slots.ts';
import {finishRounds} from './steps/finish.ts';
import type {Round, Step} from './steps/step.ts';
import {taskStep} from './steps/tasks.ts';
import {watchOf} from './watch.ts';

/**
 * Starts a release beside the one that serves, and gives it a share of the requests: until `--continue` or `--abort`,
 * both serve.
 * @throws Problem `not_deployed`, `canary_under_way`
 */
export function planCanary(
  deployment: Deployment,
  found: readonly Found[],
  percent: number,
  options: DeployOptions,
): Plan {
  const view = viewOf(deployment, found);
  if (view.serving === 0) {
    throw problem({
      code: 'not_deployed',
      what: `${deployment.service.name} is not deployed in ${deployment.environment}, and a canary is tried beside what serves`,
      fix: `entrypoint deploy ${deployment.environment}`,
    });
  }
  const whole = planDeploy(deployment, found, {...options, batch: 'all'});
  const slots = newSlots(deployment, view, whole.release);
  const fresh = (own: Found): SlotUse[] =>
    (view.apart ? view.apps : [own]).flatMap((app) => slots.get(app.machine.host) ?? []);
  const until = whole.rounds.findIndex(([step]) => step?.phase === 'switch');
  const shares = view.balancers.map((one) =>
    shareStep(deployment, one, {release: whole.release, percent, slots: fresh(one.found)}),
  );
  return {
    ...whole,
    what: 'canary',
    rounds: [...whole.rounds.slice(0, until), shares],
    finish: finishRounds(
      deployment,
      {...view, leaving: []},
      {
        release: whole.release,
        beside: whole.previous,
        previous: view.balancers[0]?.before.previous ?? 0,
        image: whole.image,
        entry: options.entry,
      },
    ),
  };
}

function shareStep(
  target: Target,
  {
    found: {
      machine: {host},
      state: {lbVersion: version},
    },
    before,
  }: BalancerView,
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
      balancerCanary(name, version, next.name, canary.slots[0]?.half ?? 'a', weights),
      balancerConfig(name, next.name, renderFragment(next), 'file-only'),
    ],
    undo: [
      balancerConfig(name, before.name, renderFragment(before), 'file-only'),
      balancerRestore(name, before.name),
      balancerDrain(name, version, target.settings.drain_timeout_seconds, servers),
    ],
    purpose: `the canary could not be given its share on ${host}`,
  };
}

/** Gives the canary all of the requests. */
export function planContinue(
  target: Target,
  found: readonly Found[],
  {watchSeconds, entry, batch}: DeployOptions,
): Plan {
  const view = viewOf(target, found);
  const canary = requireCanary(target, view);
  const {release} = canary;
  const {previous, image} = {previous: view.serving, image: imageOf(view, release)};
  const slots = (app: Found): readonly SlotUse[] => {
    const own = view.balancers.find(({found: one}) => view.apart || one === app)?.before.canary?.slots ?? [];
    return slotsOn(own, app);
  };
  const change = {release, previous, slots};
  const [first] = view.apps;
  const after = target.settings.after.map((name): Round =>
    first === undefined
      ? []
      : [taskStep({...target, image, commit: ''}, 'after', first.machine.host, name, release, taskUrl(target, view))],
  );
  return {
    ...base(target, view, found),
    what: 'continue',
    release,
    previous,
    image,
    rounds: [...moveRounds(target, view, change, batchSize(batch, view.apps.length)), ...after],
    watch: watchOf(target, view, watchSeconds, change),
    finish: finishRounds(target, view, {release, previous, image, entry}),
  };
}

/** Takes the canary away: all of the requests go to what served before. */
export function planAbort(target: Target, found: readonly Found[], {entry}: DeployOptions): Plan {
  const view = viewOf(target, found);
  const {release} = requireCanary(target, view);
  const name = balancerOf(target);
  const back = view.balancers.map(
    ({
      found: {
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
        what: `take ${servers.join(', ')} out`,
        commands: [
          balancerConfig(name, next.name, renderFragment(next), 'file-only'),
          balancerRestore(name, next.name),
          ...(servers.length === 0
            ? []
            : [balancerDrain(name, version, target.settings.drain_timeout_seconds, servers)]),
        ],
        purpose: `the canary could not be taken out on ${host}`,
      };
    },
  );
  const removal = view.apps.flatMap((app): Step[] => {
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
            purpose: `the canary could not be removed${isRemote(app.machine.host) ? ` on ${app.machine.host}` : ''}`,
          },
        ];
  });
  return {
    ...base(target, view, found),
    what: 'abort',
    release,
    previous: view.serving,
    image: imageOf(view, release),
    rounds: [back, removal],
    watch: undefined,
    finish: finishRounds(
      target,
      {...view, leaving: []},
      {
        release: view.serving,
        previous: view.balancers[0]?.before.previous ?? 0,
        image: imageOf(view, view.serving),
        entry,
        logged: {release, image: imageOf(view, release)},
      },
    ),
  };
}

function base(
  target: Target,
  view: View,
  found: readonly Found[],
): Pick<Plan, 'service' | 'environment' | 'hosts' | 'notes' | 'first'> {
  const {service, environment} = stackOf(target);
  return {
    service,
    environment,
    notes: [],
    first: [],
    hosts: [...view.apps, ...found.filter((one) => !view.apps.includes(one))].map(({machine}) => machine.host),
  };
}

const imageOf = ({apps}: View, release: number): string =>
  apps.flatMap(({state}) => appsOf(state)).find((one) => one.release === release)?.image ?? '';

function requireCanary(target: Target, {balancers}: View): Canary {
  const canary = balancers.map(({before}) => before.canary).find((one) => one !== undefined);
  if (canary !== undefined) return canary;
  throw problem({
    code: 'no_canary',
    what: `no canary of ${stackName(stackOf(target))} is under way, and --continue and --abort end one`,
    fix: `entrypoint deploy ${target.environment} --canary=10%`,
    exitCode: exitCode.usage,
  });
}

/** `10%` or `10`: more than 0 and less than 100. */
export function percentOf(text: string): number {
  const percent = Number(text.replace(/%$/, ''));
  if (percent > 0 && percent < 100) return percent;
  throw problem({
    code: 'usage',
    what: `--canary is a share of the requests such as 10%, and ${text} is none`,
    fix: 'say more than 0% and less than 100%',
    exitCode: exitCode.usage,
  });
}
