import {readdirSync} from 'node:fs';
import {exitCode, problem} from '../../errors.ts';
import {splitWords, type Words} from '../../shell/argv.ts';
import {isWritable} from '../writable.ts';
import {addPackages, installCommand, notInstalledText, upwards} from './package-manager.ts';
import {dependsOn, type PackageFile, readPackage} from './package.ts';
import {checkInImage} from './read-only.ts';
import {findTool} from './tooling.ts';

/** A linter, a formatter or a type checker of Node services. */
interface Checker {
  /** Its program. */
  readonly name: string;
  readonly package: string;
  /** Files that configure it, here or above. */
  readonly files?: RegExp;
  /** The key of package.json that configures it. */
  readonly key?: string;
  /** How it is run where no script says. */
  readonly words: Words;
  /** Scripts with these words check; others would change files. */
  readonly checks?: RegExp;
  readonly isLinter?: true;
}

const checkers: readonly Checker[] = [
  {
    name: 'eslint',
    package: 'eslint',
    files: /^(?:eslint\.config\.[cm]?[jt]s|\.eslintrc(?:\.(?:c?js|json|ya?ml))?)$/,
    key: 'eslintConfig',
    words: ['.'],
    isLinter: true,
  },
  {
    name: 'biome',
    package: '@biomejs/biome',
    files: /^\.?biome\.jsonc?$/,
    words: ['check', '.'],
    isLinter: true,
  },
  {
    name: 'oxlint',
    package: 'oxlint',
    files: /^(?:\.oxlintrc\.jsonc?|oxlint\.config\.ts)$/,
    words: ['--deny-warnings'],
    isLinter: true,
  },
  {
    name: 'prettier',
    package: 'prettier',
    files: /^(?:\.prettierrc(?:\.(?:json5?|ya?ml|toml|[cm]?[jt]s))?|prettier\.config\.[cm]?[jt]s)$/,
    key: 'prettier',
    words: ['--check', '.'],
    checks: /^(?:-c|--check|-l|--list-different)$/,
  },
  {
    name: 'oxfmt',
    package: 'oxfmt',
    files: /^\.oxfmtrc\.jsonc?$/,
    words: ['--check', '.'],
    checks: /^--(?:check|list-different)$/,
  },
];

/** Type checkers of frameworks, which check what tsc does not read. Only a script names them. */
const typeCheckers: readonly Checker[] = [
  {name: 'vue-tsc', package: 'vue-tsc', words: []},
  {name: 'svelte-check', package: 'svelte-check', words: []},
];

/** `tsc` as a script of the service runs it. */
export const tscChecker: Checker = {name: 'tsc', package: 'typescript', words: [], checks: /^--noEmit$/};

/** What a service checks its source with. */
export interface OwnChecks {
  readonly commands: readonly Words[];
  /** Their names. */
  readonly names: readonly string[];
  /** Whether one of them is a linter, and not only a formatter. */
  readonly hasLinter: boolean;
  /** Whether one of them checks types. */
  readonly hasTypes: boolean;
}

/** The names of the checkers that a service has configured or runs by a script. Nothing need be installed. */
export function checkerNames(directory: string): readonly string[] {
  const {scripts = {}} = readPackage(directory) ?? {};
  return [...checkers, ...typeCheckers, tscChecker]
    .filter((one) => isConfigured(directory, one) || scriptWords(scripts, one) !== undefined)
    .map(({name}) => name);
}

/**
 * The checkers of a service: as its scripts run them, else those that it has configured.
 * @throws Problem `not_installed` (exit code 69) for those that are missing
 */
export function ownChecks(directory: string): OwnChecks {
  const {scripts = {}} = readPackage(directory) ?? {};
  const chosen = [...checkers, ...typeCheckers, tscChecker].flatMap((checker) => {
    const words = scriptWords(scripts, checker);
    return words === undefined && !isConfigured(directory, checker) ? [] : [{checker, words: words ?? checker.words}];
  });
  const found = chosen.map(({checker, words}) => ({checker, words, program: programOf(directory, checker)}));
  requireAll(
    directory,
    found.flatMap(({checker, program}) => (program === undefined ? [checker] : [])),
  );
  const readOnly = !isWritable(directory);
  const commands = found.map(({program = '', words}): Words => [program].concat(words));
  return {
    commands: readOnly ? commands.map((words) => checkInImage(directory, words)) : commands,
    names: chosen.map(({checker}) => checker.name),
    hasLinter: chosen.some(({checker}) => checker.isLinter === true),
    hasTypes: chosen.some(({checker}) => checker === tscChecker || typeCheckers.includes(checker)),
  };
}

/**
 * The program of a tool: of the service's dependencies, else, where it does not name the tool, of the toolkit.
 * @throws Problem `not_installed` (exit code 69) where it names it and has not installed it
 */
export function requiredTool(directory: string, checker: Pick<Checker, 'name' | 'package'>): string | undefined {
  const program = programOf(directory, checker);
  if (program === undefined && isDeclared(directory, checker.package)) requireAll(directory, [checker]);
  return program;
}

function programOf(directory: string, checker: Pick<Checker, 'name' | 'package'>): string | undefined {
  const tool = findTool(directory, checker.name);
  // Another major version would find other things.
  return tool?.own === true || !isDeclared(directory, checker.package) ? tool?.program : undefined;
}

/** Whether package.json names a package, here or in the workspace above. */
export const isDeclared = (directory: string, name: string): boolean =>
  upwards(directory).some((one) => dependsOn(readPackage(one) ?? {}, name));

function requireAll(directory: string, missing: readonly Pick<Checker, 'name' | 'package'>[]): void {
  const [first] = missing;
  if (first === undefined) return;
  const names = missing.map(({name}) => name);
  const undeclared = missing.filter((one) => !isDeclared(directory, one.package));
  throw problem({
    code: 'not_installed',
    what: notInstalledText(directory, names),
    fix:
      undeclared.length === 0
        ? installCommand(directory)
        : addPackages(
            directory,
            undeclared.map((one) => one.package),
            {dev: true},
          ),
    exitCode: exitCode.unavailable,
  });
}

function isConfigured(directory: string, {files, key}: Checker): boolean {
  if (key !== undefined && Object.hasOwn(readPackage(directory) ?? {}, key)) return true;
  return files !== undefined && upwards(directory).some((one) => namesIn(one).some((name) => files.test(name)));
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** The words after a program in a script that checks and changes nothing: `eslint src --max-warnings=0`. */
function scriptWords(scripts: NonNullable<PackageFile['scripts']>, {name, checks}: Checker): Words | undefined {
  for (const [script, text] of Object.entries(scripts)) {
    if (!/lint|check|format|type|style/.test(script)) continue;
    for (const part of text.split('&&')) {
      const all = /[|;<>`&\n$]/.test(part) ? undefined : splitWords(part.trim());
      const [program, ...words] = all?.[0] === 'npx' ? all.slice(1) : (all ?? []);
      const changes = words.some((word) => /^(?:--fix.*|--write|-w|--watch|--apply.*|--init|--staged)$/.test(word));
      const isCheck = checks === undefined || words.some((word) => checks.test(word));
      if (program === name && !changes && isCheck) return words;
    }
  }
  return undefined;
}
