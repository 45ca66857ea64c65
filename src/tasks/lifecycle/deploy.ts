import {type Applied, apply, type ApplyOptions, endCanary} from '../../deploy/hosts/operations/deploy.ts';
import {type Plan, planText} from '../../deploy/hosts/plan/plan.ts';
import {type Deployed, readTarget, type Target} from '../../deploy/target.ts';
import {usageProblem} from '../../errors.ts';
import {imageToDeploy} from '../../image/find.ts';
import {option} from '../../option.ts';
import {type Context, task} from '../../task.ts';

export const deploy = task(
  'Bring an image up beside the old one and move the traffic to it',
  {
    environment: option.string('local', 'where to: a name below `environments` in deploy.yaml', {positional: true}),
    image: option.string(
      undefined,
      "image to deploy, by name or digest; default: the stage's, or the one built of this commit",
    ),
    stage: option.string(
      undefined,
      'deploy what this stage stands for in the registry; default: `stage` in deploy.yaml',
    ),
    plan: option.boolean(false, 'tell what would be done on which host, and do nothing'),
    batch: option.string(
      undefined,
      'hosts at a time: a number, a share such as 25%, or all; default: `batch` in deploy.yaml',
    ),
    skipUnreachable: option.boolean(
      false,
      'go on without hosts that cannot be reached; the next deploy brings them up to date',
    ),
    canary: option.string(
      undefined,
      'let the new release serve this share of the requests, such as 10%, until --continue or --abort',
    ),
    continue: option.boolean(false, 'give the canary all requests'),
    abort: option.boolean(false, 'take the canary away'),
  },
  async (
    context,
    {environment, image: wanted, stage, plan: planOnly, batch, skipUnreachable, canary, ...end},
  ): Promise<Deployed | Plan> => {
    const endings = [canary !== undefined, end.continue, end.abort].filter(Boolean).length;
    if (endings > 1) throw usageProblem('--canary begins a canary, --continue and --abort end it', 'say one of them');
    if (batch !== undefined && !/^(?:all|[1-9]\d*|[1-9]\d?%|100%)$/.test(batch))
      throw usageProblem(
        `--batch is a number of hosts, a share of them or all, and ${batch} is none`,
        'such as --batch=1 or --batch=25%',
      );
    const target = await readTarget(context, environment);
    const options: ApplyOptions = {batch, skipUnreachable, planOnly, canary};
    if (end.continue || end.abort)
      return told(context, target, await endCanary(context, target, end.continue ? 'continue' : 'abort', options));
    const {reference: image, commit} = await imageToDeploy(context, target, {
      image: wanted,
      stage,
    });
    return told(context, target, await apply(context, {...target, image, commit}, options));
  },
);

/** Tells what came of it, and gives it: the plan where nothing was done. */
function told(context: Context, {service, environment}: Target, {plan, deployed}: Applied): Deployed | Plan {
  if (deployed === undefined) {
    context.say(planText(plan));
    return plan;
  }
  const serves =
    plan.what === 'abort'
      ? `${service.name} release ${plan.release} is taken away, and release ${plan.previous} serves alone at`
      : plan.what === 'canary'
        ? `${service.name} release ${plan.release} serves beside release ${plan.previous} (then: deploy ${environment} --continue, or --abort) at`
        : `${service.name} release ${deployed.release} serves at`;
  if (deployed.address !== '') context.say(`${serves} ${deployed.addresses.join(', ')}  ${deployed.image}`);
  return deployed;
}
