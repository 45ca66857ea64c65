import {exitCode, problem, type Problem, usageProblem} from '../../errors.ts';
import {nearest} from '../../text/nearest.ts';
import {privilegeRules} from './privileges.ts';
import type {Rule} from './rule.ts';
import {secretRules} from './secrets.ts';
import {signalRules} from './signals.ts';
import {startRules} from './start.ts';
import {surfaceRules} from './surface.ts';

/** The contract, in the order of docs/contract.md. */
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

/**
 * The rules with these names; all of them for an empty list.
 * @throws Problem `usage` for an unknown name
 * @example
 * requestedRules(['starts', 'not-root']).length; // 2
 */
export function requestedRules(names: readonly string[]): readonly Rule[] {
  const unknownName = names.find((name) => !ids.includes(name));
  if (unknownName !== undefined) throw usageProblem(unknown(unknownName), `one of: ${ids.join(', ')}`);
  return names.length === 0 ? rules : rules.filter(({id}) => names.includes(id));
}

/**
 * Checks the names of `check.skip` in deploy.yaml, and returns them with their reasons.
 * @throws Problem `bad_deploy_file` for an unknown rule
 * @example
 * skippedRules({reproducible: 'the base image is rebuilt daily'});
 */
export function skippedRules(skip: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const unknownNames = Object.keys(skip).filter((name) => !ids.includes(name));
  if (unknownNames.length === 0) return skip;
  throw badSkip(unknownNames);
}

function badSkip(names: readonly string[]): Problem {
  return problem({
    code: 'bad_deploy_file',
    what: 'deploy.yaml: `check.skip` names unknown rules',
    details: names.map(unknown),
    fix: 'correct the names; docs/contract.md lists the rules',
    exitCode: exitCode.badData,
  });
}
