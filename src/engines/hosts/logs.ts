import {dockerLogs} from '../../commands/docker.ts';
import type {Context} from '../../task.ts';
import {sceneOf} from './deployment.ts';
import type {Target} from './deployment.ts';
import {each, sitesOf} from './sites.ts';
import {readScene, requireBalancer} from './state.ts';

export interface LogOptions {
  readonly follow: boolean;
  /** Lines of each container. */
  readonly tail: number;
}

/**
 * The log of every replica of the release that serves, side by side, each line with its container's name.
 * @throws Problem `not_deployed`
 */
export async function logs(context: Context, target: Target, options: LogOptions): Promise<void> {
  await each(sitesOf(context, target), async ({context: {run}}) => {
    const {slots} = requireBalancer(await readScene(run, sceneOf(target)), target);
    await Promise.all(slots.map(({container}) => run.prefixed(container)(dockerLogs(container, options))));
  });
}
