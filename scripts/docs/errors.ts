import {exitCode, exitCodes} from '../../src/errors.ts';
import {type Meaning, meanings} from './meanings.ts';
import {type ProblemCode, problemCodes, type Sources} from './problems.ts';

/** The table of exit codes, which README.md has as well. */
export function exitCodeTable(): string {
  const rows = exitCodes.map(({code, meaning}) => `| ${code} | ${meaning} |`);
  return ['| code | meaning |', '|---|---|', ...rows, '| any other | the exit code of the command that failed |'].join(
    '\n',
  );
}

/**
 * docs/errors.md.
 * @throws Error that names codes without a meaning, and meanings without a code
 */
export function errorsPage(sources: Sources): string {
  const found = Map.groupBy(problemCodes(sources), ({code}) => code);
  const unexplained = [...found.keys()].filter((code) => meanings[code] === undefined);
  if (unexplained.length > 0) throw new Error(`scripts/docs/meanings.ts has no ${unexplained.join(', ')}`);
  const unused = Object.keys(meanings).filter((code) => !found.has(code));
  if (unused.length > 0) throw new Error(`no problem has the code ${unused.join(', ')} of scripts/docs/meanings.ts`);
  const rows = Object.entries(meanings)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, meaning]) => `| \`${code}\` | ${exitOf(code, meaning, found.get(code) ?? [])} | ${textOf(meaning)} |`);
  return `# Errors

<!-- Written by \`npm run docs\` from src/errors.ts, scripts/docs/meanings.ts and the sources. -->

An error is printed as one line that says what happened, the evidence, and a line \`fix:\`. With \`--json\` it is an
object on the standard output, for programs:

\`\`\`json
{"error": {"code": "not_deployed", "message": "...", "details": [], "fix": "...", "exitCode": 1}}
\`\`\`

\`code\` is stable: it changes only with an entry in [CHANGELOG.md](../CHANGELOG.md).

## Exit codes

${exitCodeTable()}

## Error codes

| code | exit code | meaning |
|---|---|---|
${rows.join('\n')}
`;
}

const textOf = (meaning: Meaning): string => (typeof meaning === 'string' ? meaning : meaning.meaning);

/** @throws Error if the calls disagree, or the number is computed and missing in `meanings` */
function exitOf(code: string, meaning: Meaning, calls: readonly ProblemCode[]): string {
  if (typeof meaning !== 'string') return meaning.exit;
  const numbers = new Set(calls.map(({exitCode: written, place}) => numberOf(written, place)));
  if (numbers.size > 1)
    throw new Error(`${code} ends with ${[...numbers].join(' and ')}: ${calls.map(({place}) => place).join(', ')}`);
  return String([...numbers][0]);
}

function numberOf(written: string | undefined, place: string): number {
  if (written === undefined) return exitCode.failed;
  const [, name = ''] = /^exitCode\.(\w+)$/.exec(written) ?? [];
  const number = (exitCode as Readonly<Record<string, number>>)[name];
  if (number === undefined) throw new Error(`${place}: state the exit code ${written} in scripts/docs/meanings.ts`);
  return number;
}
