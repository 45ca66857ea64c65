import type {Alive, Served} from '../probes/served.ts';
import {notApplicable} from './rule.ts';
import type {Finding} from './rule.ts';

/** What is said of a rule that needs a service that answers where there is none: one mistake is one failure. */
export function silent({where}: Served): Finding {
  return notApplicable(where === 'loopback' ? 'cannot be reached: see binds-all-addresses' : 'does not answer: see starts');
}

/** Judges a container that runs; says so where it has ended. */
export async function whenAlive(served: () => Promise<Served>, judge: (alive: Alive) => Finding): Promise<Finding> {
  const {alive} = await served();
  return alive === undefined ? notApplicable('does not run: see starts') : judge(alive);
}

/** Judges what needed an answer; says why there is nothing to judge. */
export async function whenAnswered<T>(served: () => Promise<Served>, found: T | undefined, judge: (found: T) => Finding): Promise<Finding> {
  return found === undefined ? silent(await served()) : judge(found);
}
