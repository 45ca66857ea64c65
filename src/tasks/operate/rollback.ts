import {type Deployed, type Plan, planText, readTarget, rollback as rollbackTo} from '../../deploy/index.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

export const rollback = task(
  'Move the traffic back to the previous release',
  {
    environment: option.string('local', 'where: a name below `environments` in deploy.yaml', {positional: true}),
    release: option.number(undefined, 'another release whose containers are kept; default: the one before'),
    plan: option.boolean(false, 'tell what would be done on which host, and do nothing'),
    skipUnreachable: option.boolean(false, 'go on without hosts that cannot be reached'),
  },
  async (context, {environment, release: to, plan: planOnly, skipUnreachable}): Promise<Deployed | Plan> => {
    const target = await readTarget(context, environment);
    const {plan, deployed} = await rollbackTo(context, target, {to, planOnly, skipUnreachable});
    if (deployed === undefined) {
      context.say(planText(plan));
      return plan;
    }
    if (deployed.address !== '')
      context.say(
        `${target.service.name} release ${deployed.release} serves again at ${deployed.addresses.join(', ')}  ${deployed.image}`,
      );
    return deployed;
  },
);
