import {problem} from '../../../errors.ts';
import {type Host, isRemote} from '../../../service/hosts.ts';
import {batchSize, type Deployment, stackOf, type Target} from '../../target.ts';
import {taskUrl} from '../address.ts';
import type {SlotUse} from '../balancer/state.ts';
import {type View, viewOf} from '../fleet.ts';
import type {Entry} from '../release-log.ts';
import type {Found} from '../state.ts';
import {moveRounds} from './moves.ts';
import type {Plan} from './plan.ts';
import {balancerSteps, cleanings, nothing, prepare, prepareStep} from './prepare.ts';
import {newSlots} from './slots.ts';
import {backingSteps} from './steps/backing-services.ts';
import {certificateSteps} from './steps/balancer.ts';
import {finishRounds} from './steps/finish.ts';
import {logCheckSteps} from './steps/log-check.ts';
import {pullStep, startStep} from './steps/replicas.ts';
import type {Round, Step} from './steps/step.ts';
import {taskStep} from './steps/tasks.ts';
import {watchOf} from './watch.ts';

export interface DeployOptions {
  /** How many hosts at a time: `all`, a number or a share. */
  readonly batch: string | number;
  readonly watchSeconds: number;
  readonly entry: Entry;
}

/**
 * What a deploy is going to do, from what was found on the machines: pure, so that the same state gives the same plan.
 * @throws Problem `canary_under_way`, `balancer_differs`, `no_address`
 */
export function planDeploy(
  deployment: Deployment,
  found: readonly Found[],
  {batch, watchSeconds, entry}: DeployOptions,
): Plan {
  const {settings, image} = deployment;
  const stack = stackOf(deployment);
  const view = viewOf(deployment, found);
  requireNoCanary(deployment, view);
  const release = view.newest + 1;
  const previous = view.serving;
  const slots = newSlots(deployment, view, release);
  const cleaning = cleanings(view);
  const [first] = view.apps;
  if (first === undefined) throw new RangeError('a settings has at least one host');
  const early =
    settings.load_balancer.tls !== undefined
      ? view.apps
      : settings.before.length > 0 || Object.keys(settings.backing_services).length > 0
        ? [first]
        : [];
  const backing = backingSteps(deployment, first);
  const ready = new Set<Host>(early.map(({machine}) => machine.host));
  const startOn = (app: Found, uses: readonly SlotUse[]): Step => {
    const prepared = ready.has(app.machine.host) ? nothing : prepare(deployment, view, app, cleaning);
    return startStep(deployment, app.machine.host, release, uses, prepared);
  };
  const task =
    (phase: 'before' | 'after', host: Host) =>
    (name: string): Round => [taskStep(deployment, phase, host, name, release, taskUrl(deployment, view))];
  const change = {release, previous, slots: (app: Found) => slots.get(app.machine.host) ?? [], start: startOn};
  return {
    service: stack.service,
    environment: stack.environment,
    what: 'deploy',
    release,
    previous,
    image,
    hosts: [...view.apps, ...found.filter((one) => !view.apps.includes(one))].map(({machine}) => machine.host),
    notes: [...notesOf(view), ...backing.notes],
    first: [pullSteps(deployment, view), logCheckSteps(deployment, view)].filter((round) => round.length > 0),
    rounds: [
      balancerSteps(deployment, view, cleaning),
      early.map((app) => prepareStep(deployment, view, app, cleaning)),
      certificateSteps(deployment, view.balancers),
      ...backing.rounds,
      ...settings.before.map(task('before', first.machine.host)),
      ...moveRounds(deployment, view, change, batchSize(batch, view.apps.length)),
      ...settings.after.map(task('after', first.machine.host)),
    ].filter((round) => round.length > 0),
    watch: watchOf(deployment, view, watchSeconds, change),
    finish: finishRounds(deployment, view, {release, previous, image, entry}),
  };
}

function pullSteps({image, settings: {load_balancer}}: Deployment, view: View): Round {
  const missing = ({machine: {app, balancer}, state}: Found): string[] => {
    const wanted = [app ? image : '', balancer && state.balancerState === undefined ? load_balancer.image : ''];
    return wanted.filter((one) => one !== '' && !state.images.includes(one));
  };
  return view.found
    .filter(({machine: {host, leaves}}) => isRemote(host) && !leaves)
    .flatMap((found) => pullStep(found.machine.host, missing(found)));
}

function notesOf({apps, leaving, balancers}: View): string[] {
  const releases = new Set(balancers.map(({held}) => held?.release ?? 0).filter((release) => release > 0));
  return [
    ...(releases.size > 1
      ? [`the hosts serve different releases now (${[...releases].join(', ')}): afterwards all serve the same`]
      : []),
    ...(leaving.length > 0
      ? [
          `deploy.yaml names ${leaving.map(({machine}) => machine.host).join(', ')} no longer: what runs there is drained and taken away`,
        ]
      : []),
    ...(balancers.some(({held}) => held !== undefined)
      ? apps.filter((app) => app.state.containers.length === 0).map(({machine}) => `${machine.host} is new`)
      : []),
  ];
}

/** Only one new release can be tried at a time. */
export function requireNoCanary({service, environment}: Target, {balancers}: View): void {
  const canary = balancers.map(({before}) => before.canary).find((one) => one !== undefined);
  if (canary === undefined) return;
  throw problem({
    code: 'canary_under_way',
    what: `release ${canary.release} of ${service.name} gets ${canary.percent} % of the traffic of ${environment}, and only one new release can be tried at a time`,
    fix: `entrypoint deploy ${environment} --continue, or --abort`,
  });
}
