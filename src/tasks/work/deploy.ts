import {checkConfiguration} from '../../config/service/index.ts';
import {
  batchPattern,
  type Deployed,
  type DeployOptions,
  deployImage,
  endCanary,
  type Executed,
  type Plan,
  planText,
  readTarget,
  type Target,
} from '../../deploy/index.ts';
import {usageProblem} from '../../errors.ts';
import {imageToDeploy} from '../../image/find.ts';
import {formerNameNote} from '../../service/service.ts';
import type {Context, ResultScreen} from '../../task.ts';
import {imageRows, resultText} from '../../text/result.ts';

/** Values of the task `deploy`. */
export interface DeployValues {
  readonly environment: string;
  readonly image: string | undefined;
  readonly stage: string | undefined;
  readonly build: boolean;
  readonly plan: boolean;
  readonly batch: string | undefined;
  readonly skipUnreachable: boolean;
  readonly canary: string | undefined;
  readonly continue: boolean;
  readonly abort: boolean;
}

/** Deploys, or plans, or ends a canary. */
export async function deployRelease(
  context: Context,
  {environment, image: wanted, stage, build, plan: planOnly, batch, skipUnreachable, canary, ...end}: DeployValues,
): Promise<Deployed | Plan> {
  const endings = [canary !== undefined, end.continue, end.abort].filter(Boolean).length;
  if (endings > 1)
    throw usageProblem('--canary starts a canary, --continue and --abort end it', 'pass only one of them');
  if (batch !== undefined && !batchPattern.test(batch))
    throw usageProblem(
      `--batch must be a number of hosts, a percentage or "all", not ${batch}`,
      'for example --batch=1 or --batch=25%',
    );
  const target = await readTarget(context, environment);
  const options: DeployOptions = {batch, skipUnreachable, planOnly, canary};
  if (end.continue || end.abort)
    return report(context, target, await endCanary(context, target, end.continue ? 'continue' : 'abort', options));
  // Before anything else: a service that would not start is not deployed.
  const isOtherSource = (wanted ?? stage ?? target.settings.stage) !== undefined;
  await checkConfiguration(context, target, {isOtherSource, isPlan: planOnly});
  // One scope: the password that finds the image is asked for once, and pulls it as well.
  const executed = await context.run.scope(async () => {
    const image = await imageToDeploy(context, target, {image: wanted, stage, build: build && !planOnly});
    return deployImage(context, target, image, options);
  });
  return report(context, target, executed);
}

/** Prints the outcome and returns it: the plan if nothing was done. */
function report(context: Context, {service, environment}: Target, {plan, deployed}: Executed): Deployed | Plan {
  const note = plan.previous === 0 ? formerNameNote(service) : undefined;
  if (note !== undefined) context.note(note);
  if (deployed === undefined) {
    context.say(planText(plan));
    return plan;
  }
  const serves =
    plan.what === 'abort'
      ? `${service.name} canary aborted: release ${plan.release} removed; release ${plan.previous} serves all traffic at`
      : plan.what === 'canary'
        ? `${service.name} release ${plan.release} serves alongside release ${plan.previous} (then: deploy ${environment} --continue, or --abort) at`
        : `${service.name} release ${deployed.release} serves at`;
  if (deployed.address !== '')
    context.say(`${serves} ${deployed.addresses.join(', ')}  ${deployed.image}`, (screen) =>
      deployedText(plan, deployed, screen),
    );
  return deployed;
}

/** The outcome for a person: where it serves, what, and what can follow. */
function deployedText(
  {what, release}: Plan,
  {service, environment, previous, image, ...deployed}: Deployed,
  {isLast}: ResultScreen,
): string {
  const head =
    what === 'abort'
      ? `${service} canary aborted: release ${release} removed; release ${previous} serves in ${environment}`
      : what === 'canary'
        ? `${service} release ${release} serves alongside release ${previous} in ${environment}`
        : `${service} release ${release} serves in ${environment}`;
  const next =
    what === 'canary'
      ? [`entrypoint deploy ${environment} --continue`, `entrypoint deploy ${environment} --abort`]
      : [
          `entrypoint status ${environment}`,
          `entrypoint logs ${environment}`,
          ...(previous === 0 || what === 'abort'
            ? []
            : [`entrypoint rollback ${environment}   # to release ${previous}`]),
        ];
  return resultText(head, [['address', deployed.addresses], ...imageRows(image)], isLast ? next : []);
}
