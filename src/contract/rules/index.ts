import {exitCode, problem, type Problem, usageProblem} from '../../errors.ts';
import {nearest} from '../../text/nearest.ts';
import {privilegeRules} from './privileges.ts';
import type {Rule} from './rule.ts';
import {secretRules} from './secrets.ts';
import {signalRules} from './signals.ts';
import {startRules} from './start.ts';
import {surfaceRules} from './surface.ts';

/** The contract, in the order of its manual. */
export const rules: readonly Rule[] = [
  ...startRules,
  ...signalRules,
  ...privilegeRules,
  ...surfaceRules,
  ...secretRules,
];

const ids = rules.map(({id}) => id);

function unknown(name: string): string {
  const near = nearest(name, ids);
  return `${name} is not a rule of the contract${near === undefined ? '' : `; did you mean ${near}?`}`;
}

/** The rules of these names; without any, all. @throws Problem `usage` */
export function requestedRules(names: readonly string[]): readonly Rule[] {
  const first = names.find((name) => !ids.includes(name));
  if (first !== undefined) throw usageProblem(unknown(first), `one of: ${ids.join(', ')}`);
  return names.length === 0 ? rules : rules.filter(({id}) => names.includes(id));
}

/** The rules that deploy.yaml skips. @throws Problem `bad_deploy_file`: an unknown rule, or no reason */
export function skippedRules(skip: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const wrong = Object.keys(skip).filter((name) => !ids.includes(name));
  if (wrong.length === 0) return skip;
  throw badSkip(wrong);
}

function badSkip(wrong: readonly string[]): Problem {
  return problem({
    code: 'bad_deploy_file',
    what: 'deploy.yaml skips rules that the contract does not have, below `check`',
    details: wrong.map(unknown),
    fix: 'docs/contract.md lists the rules',
    exitCode: exitCode.badData,
  });
}
