import {existsSync, globSync} from 'node:fs';
import {join} from 'node:path';
import type {Undecided} from '../runtimes/description.ts';
import {exampleVariables} from '../runtimes/sources.ts';
import type {Context} from '../task.ts';
import {needsReference} from './from/secret-name.ts';

interface Decided {
  /** Lines for deploy.yaml that another tool's file gave. */
  readonly lines: readonly string[];
  /** Whether a command prepares a release. */
  readonly hasRelease: boolean;
  /** Whether another tool's file was read. */
  readonly hasFrom: boolean;
}

/** What a directory leaves open besides its start: values of variables, migrations, files that are not read. */
export const openQuestions = (
  {cwd, env}: Pick<Context, 'cwd' | 'env'>,
  {lines, hasRelease, hasFrom}: Decided,
): readonly Undecided[] => [
  ...unsetSecrets(lines, env),
  ...openVariables(cwd, lines),
  ...(hasRelease ? [] : migrations(cwd)),
  ...(hasFrom ? [] : unreadFiles(cwd)),
];

/** Secrets whose values were in the file, or in the shell that read it. */
function unsetSecrets(lines: readonly string[], env: Context['env']): readonly Undecided[] {
  const names = lines.flatMap((line) => [...line.matchAll(/\{env: (\w+)\}/g)].map(([, name = '']) => name));
  const unset = [...new Set(names)].filter((name) => env[name] === undefined);
  if (unset.length === 0) return [];
  return [
    {
      what: 'secrets are not copied: a deploy reads them from its environment',
      write: `export ${unset.map((name) => `${name}=VALUE`).join(' ')}`,
    },
  ];
}

/** Variables of an example file that nothing sets yet. */
function openVariables(directory: string, lines: readonly string[]): readonly Undecided[] {
  const example = exampleVariables(directory);
  const names = (example?.names ?? []).filter(
    (name) => !lines.some((line) => new RegExp(`(?<!\\w)${name}: `).test(line)),
  );
  if (example === undefined || names.length === 0 || existsSync(join(directory, 'deploy.yaml'))) return [];
  return [
    {
      what: `${example.file} names ${names.length === 1 ? 'a variable' : `${names.length} variables`}: those without which the service does not start go to deploy.yaml, environments, local`,
      write: names.slice(0, 8).map(settingLine).join(', ') + (names.length > 8 ? ', ...' : ''),
    },
  ];
}

/** Where a variable goes: a secret is a reference. */
const settingLine = (name: string): string =>
  needsReference(name) ? `secrets: {${name}: {env: ${name}}}` : `environment: {${name}: VALUE}`;

/** How what is in these places changes a database. */
const migrationCommands: readonly (readonly [pattern: string, command: string])[] = [
  ['migrations/alembic.ini', 'flask db upgrade'],
  ['alembic.ini', 'alembic upgrade head'],
  ['{*,*/*}/migrations/0*.py', 'python manage.py migrate'],
  ['prisma/migrations/*/migration.sql', 'npx prisma migrate deploy'],
];

function migrations(directory: string): readonly Undecided[] {
  const found = migrationCommands.find(([pattern]) => globSync(pattern, {cwd: directory}).length > 0);
  if (found === undefined || existsSync(join(directory, 'tasks.ts'))) return [];
  return [
    {
      what: 'a deploy runs no migrations yet: to run them before each switch, write this and run init again',
      write: `Procfile: release: ${found[1]}`,
    },
  ];
}

const otherFiles = [
  'compose.yaml',
  'compose.yml',
  'docker-compose.yaml',
  'docker-compose.yml',
  'app.json',
  'config/deploy.yml',
];

/** Files of other tools, which are read only on request: they can be for development. */
function unreadFiles(directory: string): readonly Undecided[] {
  return otherFiles
    .filter((file) => existsSync(join(directory, file)))
    .map((file) => ({
      what: `${file} is not read: to take its settings`,
      write: `entrypoint init --undo && entrypoint init --from=${file}`,
    }));
}
