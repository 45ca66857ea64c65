import {dockerLogs} from '../../../commands/docker.ts';
import type {Context} from '../../../task.ts';
import type {Target} from '../../target.ts';
import {servingOn} from './serving.ts';
import {each} from '../sites.ts';
import {survey} from '../survey.ts';

export interface LogOptions {
  readonly follow: boolean;
  /** Lines of each container. */
  readonly tail: number;
}

/**
 * The log of every replica that serves, side by side, each line with its host and its container's name.
 * @throws Problem `not_deployed`
 */
export async function logs(context: Context, target: Target, options: LogOptions): Promise<void> {
  const {found, siteOf} = await survey(context, target);
  await each(servingOn(target, found), ({host, container}) => siteOf(host).context.run.prefixed(container)(dockerLogs(container, options)));
}
