import {problem} from '../../../errors.ts';
import {type Host, isRemote} from '../../../service/hosts.ts';
import {backingServicesOf} from '../../../stack/backing-services.ts';
import {type Deployment, stackOf, type Target} from '../../target.ts';
import type {SlotUse} from '../balancer/state.ts';
import {type Fleet, fleetOf} from '../fleet.ts';
import type {ReleaseLogEntry} from '../release-log.ts';
import {taskUrl} from '../service-address.ts';
import {knownImages, type SurveyedHost} from '../state.ts';
import {batchSize} from './batches.ts';
import {comparisonOf} from './comparison.ts';
import {leftoversByHost} from './leftovers.ts';
import type {Plan} from './plan.ts';
import {balancerSteps, nothing, prepare, prepareStep} from './prepare.ts';
import {requireSuitableHosts} from './requirements.ts';
import {rolloutRounds} from './rollout.ts';
import {newSlots} from './slots.ts';
import {backingSteps} from './steps/backing-services.ts';
import {certificateSteps} from './steps/balancer.ts';
import {checkSteps} from './steps/checks.ts';
import {finishRounds} from './steps/finish.ts';
import {logNotes} from './steps/log.ts';
import {pullStep, startStep} from './steps/replicas.ts';
import type {Round, Step} from './steps/step.ts';
import {taskStep} from './steps/tasks.ts';
import {withVolumes} from './steps/volumes.ts';

export interface PlanOptions {
  /** Hosts at a time: `all`, a number or a percentage. */
  readonly batch: string | number;
  /** How long to compare the releases after the switch; 0: not at all. */
  readonly watchSeconds: number;
  readonly entry: ReleaseLogEntry;
}

/**
 * Plans a deploy. Pure: equal states of the hosts give equal plans.
 * @throws Problem `canary_under_way`, `balancer_differs`, `no_address`
 */
export function planDeploy(
  deployment: Deployment,
  surveyed: readonly SurveyedHost[],
  {batch, watchSeconds, entry}: PlanOptions,
): Plan {
  const {settings, image} = deployment;
  const stack = stackOf(deployment);
  const fleet = fleetOf(deployment, surveyed);
  requireNoCanary(deployment, fleet);
  requireSuitableHosts(deployment, fleet);
  const release = fleet.newest + 1;
  const previous = fleet.serving;
  const {isDown} = fleet;
  const releases = {release, previous, isDown, previousImage: knownImages(surveyed).get(previous)};
  const slots = newSlots(deployment, fleet, release);
  const leftovers = leftoversByHost(fleet);
  const [first] = fleet.apps;
  if (first === undefined) throw new RangeError('an environment has at least one host');
  // Hosts that need their network and balancer before the containers start: for a certificate, tasks and databases.
  const early =
    settings.load_balancer.tls !== undefined
      ? fleet.apps
      : settings.before.length > 0 || Object.keys(settings.backing_services).length > 0
        ? [first]
        : [];
  const backing = backingSteps(deployment, first);
  const ready = new Set<Host>(early.map(({machine}) => machine.host));
  const start = (app: SurveyedHost, uses: readonly SlotUse[]): Step => {
    const prepared = ready.has(app.machine.host) ? nothing : prepare(deployment, fleet, app, leftovers);
    return startStep(deployment, app.machine.host, releases, uses, withVolumes(deployment, app, prepared));
  };
  const task =
    (phase: 'before' | 'after', host: Host) =>
    (name: string): Round => [taskStep(deployment, phase, host, name, releases, taskUrl(deployment, fleet))];
  const rollout = {...releases, slots: (app: SurveyedHost) => slots.get(app.machine.host) ?? [], start};
  return {
    ...stack,
    what: 'deploy',
    release,
    previous,
    isDown,
    image,
    hosts: lockOrder(fleet, surveyed),
    notes: [...notesOf(fleet), ...backing.notes, ...logNotes(deployment)],
    first: [pullSteps(deployment, fleet), checkSteps(deployment, fleet)].filter((round) => round.length > 0),
    rounds: [
      balancerSteps(deployment, fleet, leftovers),
      early.map((app) =>
        prepareStep(deployment, fleet, app, leftovers, (prepared) =>
          app === first && settings.before.length > 0 ? withVolumes(deployment, app, prepared) : prepared,
        ),
      ),
      certificateSteps(deployment, fleet.balancers),
      ...backing.rounds,
      ...settings.before.map(task('before', first.machine.host)),
      ...rolloutRounds(deployment, fleet, rollout, batchSize(batch, fleet.apps.length)),
      ...settings.after.map(task('after', first.machine.host)),
    ].filter((round) => round.length > 0),
    comparison: comparisonOf(deployment, fleet, watchSeconds, rollout),
    finish: finishRounds(deployment, fleet, {...releases, image, entry}),
  };
}

/** App hosts first: the first of them decides between two deploys that start at the same time. */
export const lockOrder = ({apps}: Fleet, surveyed: readonly SurveyedHost[]): Host[] =>
  [...apps, ...surveyed.filter((one) => !apps.includes(one))].map(({machine}) => machine.host);

/** Also the images that `docker run` would pull itself, after the lock. The service's own is on this engine already. */
function pullSteps({service, image, settings}: Deployment, fleet: Fleet): Round {
  const backing = backingServicesOf(service.deployFile, settings).map(([, one]) => one.image);
  const missing = ({machine: {app, balancer, host}, state}: SurveyedHost): string[] => {
    const wanted = [
      ...(app && isRemote(host) ? [image] : []),
      ...(balancer && state.balancerState === undefined ? [settings.load_balancer.image] : []),
      ...(app ? backing : []),
    ];
    return [...new Set(wanted)].filter((one) => !state.images.includes(one));
  };
  return fleet.surveyed
    .filter(({machine: {leaves}}) => !leaves)
    .flatMap((one) => pullStep(service, one.machine.host, missing(one), one.state.facts));
}

function notesOf({apps, leaving, balancers}: Fleet): string[] {
  const releases = new Set(balancers.map(({held}) => held?.release ?? 0).filter((release) => release > 0));
  const gone = leaving.map(({machine}) => machine.host).join(', ');
  return [
    ...(releases.size > 1
      ? [`the hosts serve different releases (${[...releases].join(', ')}); this deploy makes them equal`]
      : []),
    ...(gone === '' ? [] : [`deploy.yaml no longer lists ${gone}: the service is drained and removed there`]),
    ...(balancers.some(({held}) => held !== undefined)
      ? apps.filter((app) => app.state.containers.length === 0).map(({machine}) => `${machine.host} is new`)
      : []),
  ];
}

/** @throws Problem `canary_under_way` */
export function requireNoCanary({service, environment}: Target, {balancers}: Fleet): void {
  const canary = balancers.map(({before}) => before.canary).find((one) => one !== undefined);
  if (canary === undefined) return;
  throw problem({
    code: 'canary_under_way',
    what: `a canary is running: release ${canary.release} of ${service.name} gets ${canary.percent} % of the requests in ${environment}`,
    fix: `entrypoint deploy ${environment} --continue, or --abort`,
  });
}
