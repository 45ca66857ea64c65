import {existsSync, globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {HealthPath, Undecided} from '../runtimes/description.ts';
import {findDeployFile} from '../service/deploy-file.ts';
import {yamlText} from './from/yaml-lines.ts';

/** A file to write. */
export interface NewFile {
  /** Relative to the service's directory. */
  readonly path: string;
  readonly text: string;
}

/** The continuous integration that a workflow is written for. */
export type Ci = 'github' | 'gitlab';

/** Files to write, and what they leave open. */
export interface Proposal {
  readonly files: readonly NewFile[];
  readonly undecided: readonly Undecided[];
  /** Files that are there already, and are left as they are. */
  readonly kept: readonly string[];
}

/** What `deploy.yaml` says besides its defaults, as lines of YAML; a comment in front of a key says why. */
export interface Settings {
  readonly top: readonly string[];
  /** Of the environment `local`. */
  readonly local: readonly string[];
}

const readyPath = '/readyz';

/** `health` of deploy.yaml, by the path that the source has; no line for the default. */
export function healthLines(health: HealthPath | undefined): readonly string[] {
  if (health?.path === readyPath) return [];
  if (health === undefined)
    return [
      '# No path for health checks was found: any answer below 500 counts.',
      'health: {path: /, status: 100-499}',
    ];
  return [`# Found in ${health.from}.`, `health: {path: ${yamlText(health.path)}, status: 100-499}`];
}

/** `deploy.yaml`; undefined if it would say nothing but the defaults. */
export function deployFileText({top, local}: Settings): string | undefined {
  if (top.length + local.length === 0) return undefined;
  const environment =
    local.length === 0 ? [] : ['environments:', '  local:', ...local.map((line) => (line === '' ? '' : `    ${line}`))];
  return [...top, ...environment, ''].join('\n');
}

const ignoredEverywhere = [
  '.git',
  'reports',
  '.secrets',
  '.env',
  '.env.local',
  '.env.*.local',
  '*.log',
  '.DS_Store',
  '.idea',
  '.vscode',
];
const ignoredOf: Readonly<Record<string, readonly string[]>> = {
  node: ['**/node_modules', '.next', '.nuxt', '.output', '.svelte-kit', 'coverage'],
  python: ['.venv', '**/__pycache__', '.mypy_cache', '.pytest_cache', '.ruff_cache'],
};

/** Without the directories that have source: an application of Django can be called `reports`. */
const ignoreLines = (directory: string, runtime: string): readonly string[] =>
  [...(ignoredOf[runtime] ?? []), ...ignoredEverywhere].filter(
    (line) =>
      !['reports', 'coverage'].includes(line) ||
      globSync(`${line}/*.{py,ts,mts,js,mjs,cjs,tsx,jsx}`, {cwd: directory}).length === 0,
  );

/** Lines without which an image gets what belongs to this machine. */
const necessary: Readonly<Record<string, readonly string[]>> = {node: ['node_modules'], python: ['.venv']};

/** A release command as a task, since a deploy runs tasks before the switch. */
export function tasksText(command: string): string {
  return [
    "import {task} from 'entrypoint';",
    "export * from 'entrypoint/tasks';",
    '',
    `export const release = task('Prepare the release', {}, async ({run}) => {`,
    `  await run(['sh', '-c', ${quoted(command)}]);`,
    '});',
    '',
  ].join('\n');
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Everything that decides which files are written. */
export interface ProposalOptions {
  readonly directory: string;
  /** `node` or `python`. */
  readonly runtime: string;
  /** The Dockerfile of the runtime. */
  readonly dockerfile: string;
  readonly settings: Settings;
  readonly release?: string | undefined;
  readonly ci?: Ci | undefined;
}

/** The files for a service, but those that are there already: these are named, with what they lack. */
export function propose({directory, runtime, dockerfile, settings, release, ci}: ProposalOptions): Proposal {
  const files: NewFile[] = [];
  const kept: string[] = [];
  const undecided: Undecided[] = [];
  const has = (path: string): boolean => existsSync(join(directory, path));
  const add = (path: string, text: string): void => void (has(path) ? kept.push(path) : files.push({path, text}));
  const foreign = has('Dockerfile') && !isOwnDockerfile(readFileSync(join(directory, 'Dockerfile'), 'utf8'));
  const top = foreign ? withDockerfile(settings.top) : settings.top;
  add(foreign ? 'Dockerfile.entrypoint' : 'Dockerfile', `${dockerfile}\n`);
  if (foreign) kept.push('Dockerfile');
  add('.dockerignore', `${ignoreLines(directory, runtime).join('\n')}\n`);
  if (has('.dockerignore')) undecided.push(...missingLines(directory, runtime));
  const local = [...(release === undefined ? [] : ['before: [release]']), ...settings.local];
  const text = deployFileText({top, local});
  // Another program's deploy.yml is not ours.
  const existing = findDeployFile(directory)?.name;
  if (existing !== undefined) {
    kept.push(existing);
    if (text !== undefined)
      undecided.push({
        what: `${existing} is there already; as far as it lacks them`,
        write: text
          .trimEnd()
          .replaceAll(/^#.*\n/gm, '')
          .replaceAll('\n', '\n    '),
      });
  } else if (text !== undefined) files.push({path: 'deploy.yaml', text});
  if (release !== undefined) {
    if (['tasks.ts', 'tasks.js', 'tasks.mjs'].some(has))
      undecided.push({what: `a task for \`${release}\``, write: tasksText(release).split('\n').slice(3, 6).join(' ')});
    else files.push({path: 'tasks.ts', text: tasksText(release)});
  }
  if (ci === 'github') add('.github/workflows/entrypoint.yml', githubText);
  if (ci === 'gitlab') add('.gitlab-ci.yml', gitlabText);
  if (ci !== undefined)
    undecided.push({
      what: 'which registry the workflow publishes to',
      write: 'deploy.yaml: registry: ghcr.io/ACCOUNT',
    });
  return {files, kept, undecided};
}

/** With the Dockerfile that is written beside another one; the build can have arguments already. */
function withDockerfile(top: readonly string[]): readonly string[] {
  const image = top.find((line) => line.startsWith('image: {'));
  if (image === undefined) return ['image: {dockerfile: Dockerfile.entrypoint}', ...top];
  return top.map((line) => (line === image ? line.replace('{', '{dockerfile: Dockerfile.entrypoint, ') : line));
}

/** Whether a Dockerfile starts from one of the project's images, or has the command moved in. */
const isOwnDockerfile = (text: string): boolean => /^\s*(?:FROM|COPY\s+--from=)\s*\S*entrypoint\//im.test(text);

function missingLines(directory: string, runtime: string): readonly Undecided[] {
  const lines = readFileSync(join(directory, '.dockerignore'), 'utf8')
    .split(/\r?\n/)
    .map((line) => line.trim());
  const names = (line: string): boolean => lines.some((one) => one.replace(/^(?:\*\*)?\/|\/$/g, '') === line);
  return [...(necessary[runtime] ?? []), '.git']
    .filter((line) => !names(line))
    .map((line) => ({what: `.dockerignore is there already, without ${line}`, write: `.dockerignore: ${line}`}));
}

const builder =
  'docker run --rm --volume /var/run/docker.sock:/var/run/docker.sock --volume "$PWD:/content" entrypoint/builder:26';

const githubText = `name: entrypoint

on:
  push:
    branches: [main]
  pull_request:

permissions:
  contents: read

jobs:
  image:
    # Has a Docker engine. It needs entrypoint's images: a step that pulls or builds them goes first.
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - run: ${builder} build
      - run: ${builder} check
      - if: github.ref == 'refs/heads/main'
        run: ${builder} publish
`;

const gitlabText = `# A runner with a Docker engine of its own, which has entrypoint's images.
image:
  stage: build
  variables:
    GIT_DEPTH: 0
  script:
    - ${builder} build
    - ${builder} check
    - if [ "$CI_COMMIT_BRANCH" = "$CI_DEFAULT_BRANCH" ]; then ${builder} publish; fi
`;
