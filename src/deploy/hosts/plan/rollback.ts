import {dockerImageInspect} from '../../../commands/docker/index.ts';
import {problem} from '../../../errors.ts';
import {type Host, hostName, isRemote} from '../../../service/hosts.ts';
import {type HealthCheck, withHeadersOf} from '../../../service/schema/health-check.ts';
import {type Command, toCommand, type Words, wordsText} from '../../../shell/argv.ts';
import {healthCheck, stackOf, type Target} from '../../target.ts';
import type {SlotUse} from '../balancer/state.ts';
import {type Fleet, fleetOf} from '../fleet.ts';
import type {ReleaseLogEntry} from '../release-log.ts';
import {appsOf, knownImages, requireDeployed, type SurveyedHost} from '../state.ts';
import {lockOrder, requireNoCanary} from './deploy.ts';
import {leftoversByHost} from './leftovers.ts';
import type {Plan} from './plan.ts';
import {balancerSteps, prepare} from './prepare.ts';
import {rolloutRounds} from './rollout.ts';
import {keptSlots, newSlots} from './slots.ts';
import {finishRounds} from './steps/finish.ts';
import {pullStep, restartStep, startStep} from './steps/replicas.ts';
import type {Step} from './steps/step.ts';
import {withVolumes} from './steps/volumes.ts';

/**
 * Plans a rollback: it starts the containers of an earlier release again and switches the traffic to them. Nothing is
 * pulled, created or migrated, except on a host without those containers, because it joined later or a prune removed
 * them: it gets new ones. A second rollback returns to the release that the first one left.
 * @param options `to`: the release, default the previous one
 * @throws Problem `not_deployed`, `no_previous_release`, `canary_under_way`
 */
export function planRollback(
  target: Target,
  surveyed: readonly SurveyedHost[],
  {to, entry}: {to?: number | undefined; entry: ReleaseLogEntry},
): Plan {
  const {release: previous, previous: before} = requireDeployed(surveyed, target);
  const release = to ?? before;
  const declared = healthCheck(target);
  const fleet = fleetOf(target, surveyed, withHeadersOf(healthOfRelease(surveyed, release) ?? declared, declared));
  requireNoCanary(target, fleet);
  const kept = new Set(fleet.apps.filter(({state}) => appsOf(state).some((one) => one.release === release)));
  const images = knownImages(surveyed);
  const image = images.get(release) ?? '';
  const {isDown} = fleet;
  const releases = {release, previous, isDown, previousImage: images.get(previous)};
  if (release === 0 || release === previous || image === '')
    throw noRelease(target, surveyed, fleet, release, previous);
  const fresh = fleet.apps.filter((app) => !kept.has(app));
  const deployment = {...target, image, commit: ''};
  const created = newSlots(deployment, fleet, release);
  const slots = (app: SurveyedHost): readonly SlotUse[] =>
    fresh.includes(app) ? (created.get(app.machine.host) ?? []) : keptSlots(target, fleet, app, release);
  // The containers of the release that is being restored are not leftovers.
  const leftovers = new Map(
    [...leftoversByHost(fleet)].map(([host, {remove, stop}]) => {
      const starting = new Set(
        fleet.apps
          .filter(({machine}) => machine.host === host)
          .flatMap((app) => keptSlots(target, fleet, app, release).map(({container}) => container)),
      );
      const others = (names: readonly string[]): string[] => names.filter((name) => !starting.has(name));
      return [host, {remove: others(remove), stop: others(stop)}] as const;
    }),
  );
  const start = (app: SurveyedHost, uses: readonly SlotUse[]): Step => {
    const {host} = app.machine;
    const prepared = prepare(target, fleet, app, leftovers);
    return fresh.includes(app)
      ? startStep(deployment, host, releases, uses, withVolumes(deployment, app, prepared))
      : restartStep(target, host, releases, uses, prepared);
  };
  return {
    ...stackOf(target),
    what: 'rollback',
    release,
    previous,
    isDown,
    image,
    hosts: lockOrder(fleet, surveyed),
    notes: fresh.map(
      ({machine: {host}}) =>
        `${host} has no containers of release ${release}: it gets new ones with the current settings of deploy.yaml`,
    ),
    first:
      fresh.length === 0 ? [] : [fresh.flatMap(({machine: {host}}): Step[] => imageStep(target, host, release, image))],
    rounds: [
      balancerSteps(target, fleet, leftovers),
      ...rolloutRounds(target, fleet, {...releases, slots, start}, Math.max(1, fleet.apps.length)),
    ].filter((round) => round.length > 0),
    comparison: undefined,
    finish: finishRounds(target, fleet, {...releases, image, entry}),
  };
}

/** The health check that a release was started with. */
function healthOfRelease(surveyed: readonly SurveyedHost[], release: number): HealthCheck | undefined {
  return surveyed.flatMap(({state}) => appsOf(state)).find((one) => one.release === release && one.health !== undefined)
    ?.health;
}

/** Makes sure, before anything changes, that a host has the image of the release: a prune may have removed it. */
function imageStep({service, environment}: Target, host: Host, release: number, image: string): Step[] {
  const inspect = dockerImageInspect('{{.Id}}', image);
  if (isRemote(host) || image.includes('@'))
    return pullStep(service, host, [image]).map((step) => unlessPresent(step, inspect));
  return [
    {
      phase: 'check',
      host,
      what: `look for the image of release ${release}`,
      commands: [inspect],
      purpose: `the image of release ${release} is no longer on ${hostName(host)}, and no registry has it; nothing has changed`,
      fix: `build it from its commit, and deploy it: entrypoint build deploy ${environment}`,
    },
  ];
}

/** Pulls only if the command that looks for the image fails. */
function unlessPresent(step: Step, inspect: Words): Step {
  const wrapped = (command: Words | Command): Command => {
    const pull = toCommand(command);
    return {...pull, words: ['sh', '-c', `${wordsText(inspect)} 2>/dev/null || ${wordsText(pull.words)}`]};
  };
  return {...step, commands: step.commands.map(wrapped)};
}

function noRelease(
  {service, environment}: Target,
  surveyed: readonly SurveyedHost[],
  {newest}: Fleet,
  release: number,
  current: number,
): Error {
  const kept = [...knownImages(surveyed).keys()].filter((one) => one !== current).toSorted((a, b) => b - a);
  return problem({
    code: 'no_previous_release',
    what:
      release === current
        ? `release ${release} of ${service.name} already serves in ${environment}`
        : release > 0 && release < newest
          ? `release ${release} of ${service.name} in ${environment} is gone: neither its containers nor its image's name are left (keep_releases, or a prune)`
          : `${service.name} in ${environment} has no release ${release === 0 ? `before ${current}` : release} to roll back to`,
    fix: `${kept.length === 0 ? '' : `choose a kept release with --release: ${kept.join(', ')}; or `}deploy the version you want: entrypoint deploy ${environment} --image=IMAGE`,
  });
}
