import {balancerMaintenance} from '../../../commands/lb.ts';
import {exitCode, problem} from '../../../errors.ts';
import {type Host, isRemote} from '../../../service/hosts.ts';
import {mapEach} from '../../../shell/concurrency.ts';
import type {Context} from '../../../task.ts';
import type {Target} from '../../target.ts';
import {runOn, stepOn} from '../connection.ts';
import {fleetOf, servingSlots} from '../fleet.ts';
import {balancerUrl, onlyOn} from '../service-address.ts';
import {appsOf, balancerOf, requireDeployed, type SurveyedHost} from '../state.ts';
import {survey} from '../survey.ts';

/** A replica that gets traffic. */
export interface ServingReplica {
  readonly host: Host;
  readonly container: string;
}

/**
 * The replicas that get traffic, host by host, a canary's included.
 * @throws Problem `not_deployed`
 */
export function servingReplicas(target: Target, surveyed: readonly SurveyedHost[]): ServingReplica[] {
  requireDeployed(surveyed, target);
  const fleet = fleetOf(target, surveyed);
  return fleet.apps.flatMap((app) => {
    const used = new Set(servingSlots(fleet, app).map(({container}) => container));
    return appsOf(app.state)
      .filter(({name}) => used.has(name))
      .map(({name}) => ({host: app.machine.host, container: name}));
  });
}

/**
 * The URL of the first balancer, as this machine reaches it; empty in a dry run of the first deploy.
 * @throws Problem `not_deployed`, `no_address` if it listens on a loopback address of another machine
 */
export async function addressOf(context: Context, target: Target): Promise<string> {
  const {surveyed, connectionTo} = await survey(context, target);
  requireDeployed(surveyed, target);
  const first = surveyed.find(({machine}) => machine.balancer);
  if (first === undefined) return '';
  const connection = connectionTo(first.machine.host);
  const url = await balancerUrl(target, connection);
  const machine = await onlyOn(url, connection);
  if (machine === '') return url;
  throw problem({
    code: 'no_address',
    what: `${target.service.name} in ${target.environment} listens on a loopback address of ${machine} only: ${url}`,
    fix: `forward a port to it (ssh -L) and pass that address as BASE_URL; or set load_balancer.address in deploy.yaml`,
    exitCode: exitCode.badData,
  });
}

/**
 * Turns maintenance mode on or off: every balancer answers with the maintenance page. The replicas keep running.
 * @throws Problem `not_deployed`
 */
export async function maintenance(context: Context, target: Target, on: boolean): Promise<void> {
  const {surveyed, connectionTo} = await survey(context, target);
  requireDeployed(surveyed, target);
  await mapEach(
    fleetOf(target, surveyed).balancers,
    async ({
      surveyed: {
        machine: {host},
      },
      before,
    }) => {
      await stepOn(connectionTo(host), `turn maintenance mode ${on ? 'on' : 'off'}`, (connection) =>
        runOn(connection, [balancerMaintenance(balancerOf(target), before.name, on)], {
          capture: true,
          purpose: `cannot turn maintenance mode ${on ? 'on' : 'off'}${isRemote(host) ? ` on ${host}; other hosts may have it already` : ''}`,
          fix: 'fix the error and run the same command again: it can be repeated',
        }),
      );
    },
    target.settings.parallel,
  );
}
