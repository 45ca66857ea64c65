import {dockerRemove} from '../../../../commands/docker.ts';
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
import type {Commands} from '../../../../shell/argv.ts';
import {stackName} from '../../../../stack/names.ts';
import {stackOf, type Target} from '../../../target.ts';
import {renderFragment} from '../../balancer/fragment.ts';
import {type BalancerState, serversOf, type SlotUse} from '../../balancer/state.ts';
import {networkOf} from '../../network.ts';
import {balancerOf, type Found} from '../../state.ts';
import {stopCommands, wakeCommands} from './replicas.ts';
import type {Step} from './step.ts';

/**
 * Waits until each new replica answers its health check through this balancer, the path that the users take. It may begin
 * beside what starts them on other machines: then the balancer sees at once that they are there.
 */
export function healthStep(
  target: Target,
  {machine: {host}, state}: Found,
  release: number,
  slots: readonly SlotUse[],
  where: (slot: SlotUse) => Host,
): Step {
  const {
    settings,
    service: {
      deployFile: {health, port},
    },
  } = target;
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
    cut: off,
    undo: off,
    purpose: `release ${release} is not healthy${onHost(host)}, and the old release goes on serving`,
    fix: `GET ${health} on port ${port} must answer 200 within ${settings.ready_timeout_seconds} s; the log above may tell why it does not`,
    logs: slots.map((slot, index) => ({host: where(slot), container: slot.container, sign: `${servers[index]} `})),
  };
}

/** Both in one round trip, where the balancer is on the replicas' own host. */
export function withHealth(start: Step, {what, commands, cut, undo = [], purpose, fix, logs}: Step): Step {
  return {
    ...start,
    what: `${start.what}; ${what}`,
    commands: [...start.commands, ...commands],
    cut,
    undo: [...undo, ...(start.undo ?? [])],
    causes: [...healthSigns.map((sign) => ({sign, purpose, fix})), ...(start.causes ?? [])],
    logs,
  };
}

// What `lb start` says of a replica.
const healthSigns = ['did not become healthy', 'has ended: it has no address', 'no address is known for'];

export interface Move {
  readonly found: Found;
  /** What the balancer holds before this step, and after it. */
  readonly before: BalancerState;
  readonly next: BalancerState;
  readonly to: readonly SlotUse[];
  readonly from: readonly SlotUse[];
  /** Old containers on the balancer's own machine, to be stopped once they are idle. */
  readonly stop: readonly string[];
}

/**
 * New requests go to the new release, which the balancer's file says from now on; the old one finishes what it has and
 * stops. Its containers stay, so that going back needs no pull.
 */
export function switchStep(
  target: Target,
  {
    found: {
      machine: {host},
      state: {lbVersion: version},
    },
    before,
    next,
    to,
    from,
    stop,
  }: Move,
): Step {
  const {settings} = target;
  const name = balancerOf(target);
  const [fresh, old] = [serversOf(next.name, to), serversOf(next.name, from)];
  const drain = (servers: readonly string[]): Commands =>
    servers.length === 0 ? [] : [balancerDrain(name, version, settings.drain_timeout_seconds, servers)];
  return {
    phase: 'switch',
    host,
    what: [
      `switch to ${fresh.join(', ')}`,
      ...(old.length === 0 ? [] : [`drain ${old.join(', ')}`]),
      ...(stop.length === 0 ? [] : [`stop ${stop.join(', ')}`]),
    ].join('; '),
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
      ...stopCommands(target, stop),
    ],
    undo: [
      ...wakeCommands(stop),
      balancerConfig(name, before.name, renderFragment(before), 'file-only'),
      balancerRestore(name, before.name),
      ...drain(fresh),
    ],
    purpose: `the traffic could not be moved to release ${next.release}${onHost(host)}, and goes back to the old one`,
  };
}

/** Takes a balancer's part of a service back out. */
export function balancerUndo(target: Target, existed: boolean): Commands {
  const {name, own} = target.settings.load_balancer;
  if (name !== undefined) return leaveBalancer(target);
  return [
    ...(existed || own !== undefined ? [balancerRemoveService(balancerOf(target), stackName(stackOf(target)))] : []),
    ...(existed ? [] : [dockerRemove(balancerOf(target))]),
  ];
}

/** Takes the service off a balancer that may go on without it: one that others share, or the user's own. */
export function leaveBalancer(target: Target): Commands {
  const {name, own} = target.settings.load_balancer;
  const [balancer, service] = [balancerOf(target), stackName(stackOf(target))];
  if (name !== undefined) return [balancerLeave(balancer, service, networkOf(target))];
  return own === undefined ? [] : [balancerRemoveService(balancer, service)];
}
