import {exitCode, problem, usageProblem} from '../../errors.ts';
import type {Problem} from '../../errors.ts';
import {nearest} from '../../text/nearest.ts';
import type {Rule} from './rule.ts';
import {rules} from './index.ts';

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
