import {balancerMaintenance} from '../../../commands/lb.ts';
import {type Host, isRemote} from '../../../service/hosts.ts';
import {mapEach} from '../../../shell/concurrency.ts';
import type {Context} from '../../../task.ts';
import type {Target} from '../../target.ts';
import {runOn, stepOn} from '../connection.ts';
import {fleetOf, servingSlots} from '../fleet.ts';
import {balancerUrl} from '../service-address.ts';
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
 * The URL of the first balancer; empty in a dry run of the first deploy.
 * @throws Problem `not_deployed`
 */
export async function addressOf(context: Context, target: Target): Promise<string> {
  const {surveyed, connectionTo} = await survey(context, target);
  requireDeployed(surveyed, target);
  const first = surveyed.find(({machine}) => machine.balancer);
  return first === undefined ? '' : balancerUrl(target, connectionTo(first.machine.host));
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
