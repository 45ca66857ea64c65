import {dockerRemove, dockerStop} from '../../../../commands/docker/index.ts';
import {awaitHealthy} from '../../../../commands/host.ts';
import {
  balancerConfig,
  balancerDisable,
  balancerDrain,
  balancerLeave,
  balancerMove,
  balancerRemoveService,
  balancerRestore,
  balancerStart,
} from '../../../../commands/lb.ts';
import {type Host, onHost} from '../../../../service/hosts.ts';
import {commandText, goalText, type HealthCheck} from '../../../../service/schema/health-check.ts';
import {type Commands, wordsText} from '../../../../shell/argv.ts';
import {stackName} from '../../../../stack/names.ts';
import {stackOf, type Target} from '../../../target.ts';
import {renderFragment} from '../../balancer/fragment.ts';
import {type BalancerState, serversOf, type SlotUse} from '../../balancer/state.ts';
import {networkOf} from '../../stack-network.ts';
import {balancerOf, type SurveyedHost} from '../../state.ts';
import type {Releases} from './replicas.ts';
import {keepsServing, servesAgain, type Step} from './step.ts';

/**
 * Waits until each new replica passes its health check through this balancer, the path of the users' requests. It can run
 * concurrently with the steps that start them on other machines, so that the balancer sees them at once.
 * @param where the host of a slot
 */
export function healthStep(
  target: Target,
  {machine: {host}, state}: SurveyedHost,
  releases: Releases,
  slots: readonly SlotUse[],
  where: (slot: SlotUse) => Host,
  health: HealthCheck,
): Step {
  const {settings} = target;
  const name = balancerOf(target);
  const servers = serversOf(stackName(stackOf(target)), slots);
  const off = [balancerDisable(name, state.lbVersion, servers)];
  return {
    phase: 'health',
    host,
    what: `await the health of ${servers.join(', ')}`,
    commands: [
      balancerStart(
        name,
        slots.map((slot, index) => ({server: servers[index] ?? '', address: slot.address, port: slot.port})),
        settings.ready_timeout_seconds,
      ),
    ],
    cancel: off,
    undo: off,
    ...unhealthy(target, host, releases, health),
    logs: slots.map((slot, index) => ({host: where(slot), container: slot.container, pattern: `${servers[index]} `})),
  };
}

/** The message of a release that does not become healthy. */
const unhealthy = (
  {settings, service}: Target,
  host: Host,
  releases: Releases,
  health: HealthCheck,
): Required<Pick<Step, 'purpose' | 'fix'>> => ({
  purpose: `release ${releases.release} did not become healthy${onHost(host)}; ${keepsServing(releases)}`,
  fix: `make ${goalText(health, service.deployFile.port)} within ${settings.ready_timeout_seconds} s; see the log above`,
});

/**
 * Waits, where the replicas are, until the command of their health check succeeds in each; a balancer cannot run it. Any
 * other check is the balancer's alone.
 */
export function withHealthCommand(
  target: Target,
  start: Step,
  releases: Releases,
  slots: readonly SlotUse[],
  health: HealthCheck,
): Step {
  if (health.kind !== 'command' || slots.length === 0) return start;
  const {words} = health;
  const text = wordsText(words);
  const containers = slots.map(({container}) => container);
  const messages = unhealthy(target, start.host, releases, health);
  return {
    ...start,
    what: `${start.what}; await ${text}`,
    commands: [
      ...start.commands,
      ...containers.map((container) =>
        awaitHealthy(container, ['sh', '-c', commandText(text)], target.settings.ready_timeout_seconds, text),
      ),
    ],
    cancel: [dockerStop(1, ...containers)],
    causes: [{pattern: unhealthyPatterns[0], ...messages}, ...(start.causes ?? [])],
    logs: containers.map((container) => ({host: start.host, container, pattern: `${container} did not`})),
  };
}

/** Joins both steps into one round trip, if the balancer is on the replicas' host. */
export function withHealth(start: Step, {what, commands, cancel = [], undo = [], purpose, fix, logs = []}: Step): Step {
  return {
    ...start,
    what: `${start.what}; ${what}`,
    commands: [...start.commands, ...commands],
    cancel: [...cancel, ...(start.cancel ?? [])],
    undo: [...undo, ...(start.undo ?? [])],
    causes: [...unhealthyPatterns.map((pattern) => ({pattern, purpose, fix})), ...(start.causes ?? [])],
    logs: [...(start.logs ?? []), ...logs],
  };
}

// In the output of `lb start`.
const unhealthyPatterns = [
  'did not become healthy',
  'has ended: it has no address',
  'no address is known for',
] as const;

/** A switch of one balancer. */
export interface Switch {
  readonly surveyed: SurveyedHost;
  /** The balancer's state before this step. */
  readonly before: BalancerState;
  /** Its state after this step. */
  readonly next: BalancerState;
  /** Servers that get new requests. */
  readonly to: readonly SlotUse[];
  /** Servers to drain. */
  readonly from: readonly SlotUse[];
  /** No replica of the release before works. Default false. */
  readonly isDown?: boolean | undefined;
}

/**
 * Switches new requests to the new release, in the balancer and in its file, and drains the old one. Its containers run
 * on until the finish: what undoes the switch needs nothing that a `docker system prune` could have removed.
 */
export function switchStep(
  target: Target,
  {
    surveyed: {
      machine: {host},
      state: {lbVersion: version},
    },
    before,
    next,
    to,
    from,
    isDown,
  }: Switch,
): Step {
  const {settings} = target;
  const name = balancerOf(target);
  const [fresh, old] = [serversOf(next.name, to), serversOf(next.name, from)];
  const drain = (servers: readonly string[]): Commands =>
    servers.length === 0 ? [] : [balancerDrain(name, version, settings.drain_timeout_seconds, servers)];
  return {
    phase: 'switch',
    host,
    what: [`switch to ${fresh.join(', ')}`, ...(old.length === 0 ? [] : [`drain ${old.join(', ')}`])].join('; '),
    commands: [
      balancerMove(name, {
        version,
        to: fresh,
        from: old,
        overSeconds: settings.load_balancer.slow_start_seconds,
        service: next.name,
        fragment: renderFragment(next),
        drainSeconds: settings.drain_timeout_seconds,
      }),
    ],
    undo: [
      balancerConfig(name, before.name, renderFragment(before), 'file-only'),
      balancerRestore(name, before.name),
      ...drain(fresh),
    ],
    purpose: `cannot switch the traffic to release ${next.release}${onHost(host)}; ${servesAgain({previous: before.release, isDown})}`,
  };
}

/** Undoes the first deploy to a balancer. */
export function balancerUndo(target: Target, existed: boolean): Commands {
  const {name, own} = target.settings.load_balancer;
  if (name !== undefined) return leaveBalancer(target);
  return [
    ...(existed || own !== undefined ? [balancerRemoveService(balancerOf(target), stackName(stackOf(target)))] : []),
    ...(existed ? [] : [dockerRemove(balancerOf(target))]),
  ];
}

/** Removes the service from a balancer that outlives it: a shared one, or the user's own. */
export function leaveBalancer(target: Target): Commands {
  const {name, own} = target.settings.load_balancer;
  const [balancer, service] = [balancerOf(target), stackName(stackOf(target))];
  if (name !== undefined) return [balancerLeave(balancer, service, networkOf(target))];
  return own === undefined ? [] : [balancerRemoveService(balancer, service)];
}
