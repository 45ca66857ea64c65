import type {Deployed, Plan} from '../../deploy/index.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';
import {imageRows, resultText} from '../../text/result.ts';
import {environmentOption} from '../environment.ts';

export const rollback = task(
  'Move the traffic back to the previous release',
  {
    environment: environmentOption,
    release: option.number('release to return to; its containers must still exist', {
      defaultText: 'the previous release',
      valueName: 'RELEASE',
    }),
    plan: option.boolean('print the steps for each host without running them'),
    skipUnreachable: option.boolean('skip unreachable hosts; the next deploy brings them up to date'),
  },
  async (context, {environment, release: to, plan: planOnly, skipUnreachable}): Promise<Deployed | Plan> => {
    const {planText, readTarget, rollBackRelease} = await import('../../deploy/index.ts');
    const target = await readTarget(context, environment);
    const {plan, deployed} = await rollBackRelease(context, target, {to, planOnly, skipUnreachable});
    if (deployed === undefined) {
      context.say(planText(plan));
      return plan;
    }
    if (deployed.address !== '')
      context.say(
        `${target.service.name} release ${deployed.release} serves again at ${deployed.addresses.join(', ')}  ${deployed.image}`,
        ({isLast}) =>
          resultText(
            `${target.service.name} release ${deployed.release} serves again in ${environment}`,
            [['address', deployed.addresses], ...imageRows(deployed.image)],
            isLast ? [`entrypoint status ${environment}`, `entrypoint logs ${environment}`] : [],
          ),
      );
    return deployed;
  },
);
