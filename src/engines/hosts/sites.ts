import type {Scope} from '../../run.ts';
import type {Context} from '../../task.ts';
import type {Target} from './deployment.ts';
import {contextOn, scopeOn} from './host.ts';
import type {Host} from './host.ts';

/** One of the hosts that a task works on, with what reaches it. */
export interface Site {
  readonly host: Host;
  readonly context: Context;
}

/** The same, within something that can go back as a whole. */
export interface ScopedSite extends Site {
  readonly scope: Scope;
}

export function sitesOf(context: Context, {place}: Target): Site[] {
  return place.hosts.map((host) => ({host, context: contextOn(context, host, place.hosts.length > 1)}));
}

/** One scope for all hosts: where one fails, all go back. */
export function sitesIn(context: Context, target: Target, scope: Scope): ScopedSite[] {
  return sitesOf(context, target).map(({host, context: there}) => ({host, context: there, scope: scopeOn(scope, host)}));
}

/** Does a step on all hosts side by side. Waits for every one, also where one fails: nothing may go on behind a clean-up. */
export async function each<S extends Site, T>(sites: readonly S[], step: (site: S) => Promise<T>): Promise<T[]> {
  const ended = await Promise.allSettled(sites.map((site) => step(site)));
  const failure = ended.find((one) => one.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return ended.map((one) => (one as PromiseFulfilledResult<T>).value);
}
