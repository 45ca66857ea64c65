import {balancerMaintenance} from '../../../commands/lb.ts';
import type {Context} from '../../../task.ts';
import type {Target} from '../../target.ts';
import {isRemote} from '../host.ts';
import {each, runOn} from '../sites.ts';
import {balancerOf, requireDeployed} from '../state.ts';
import {survey} from '../survey.ts';
import {viewOf} from '../fleet.ts';

/**
 * Has every balancer answer with the maintenance page, or no longer. What runs behind them goes on.
 * @throws Problem `not_deployed`
 */
export async function maintenance(context: Context, target: Target, on: boolean): Promise<void> {
  const {found, siteOf} = await survey(context, target);
  requireDeployed(found, target);
  await each(viewOf(target, found).balancers, async ({found: {machine: {host}}, before}) => {
    await runOn(siteOf(host), [balancerMaintenance(balancerOf(target), before.name, on)], {
      capture: true,
      purpose: `maintenance could not be switched ${on ? 'on' : 'off'}${isRemote(host) ? ` on ${host}, and other hosts may have it already` : ''}`,
      fix: 'mend what is said above and do it again: it may be repeated',
    });
  }, target.place.parallel);
}
