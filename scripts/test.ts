import {spawnSync} from 'node:child_process';
import {globSync} from 'node:fs';
import {join} from 'node:path';

// `npm test` runs all stages, the quickest first, each without its longest tests. `npm test -- unit` runs one stage;
// `npm run test:all` skips nothing.

const root = join(import.meta.dirname, '..');
// Files that build images or check a time limit run alone, with both cores.
const alone = /\/(?:demo|readme|images\/base|images\/manual)\.test\.ts$/;
const all = process.env['ENTRYPOINT_TEST_ALL'] === 'yes';
// Takes a fraction of a second if an earlier stage has built them.
const withImages = (...names: readonly string[]): readonly (readonly string[])[] => [
  ['sh', 'scripts/engine'],
  ['node', 'scripts/images/build.ts', ...names],
];
// Without the other versions of Node and Python, which only the stage `build` needs.
const usual = ['node-service', 'python-service', 'builder', 'command', 'postgres', 'haproxy', 'registry'];
const versions = ['node-service:24', 'python-service:3.11', 'python-service:3.14'];
const integration = globSync('test/integration/**/*.test.ts', {cwd: root});
/** The tests of the app server, by this Node or by that of a directory. */
function serverTests(directory?: string): readonly (readonly string[])[] {
  const node = directory === undefined ? ['node'] : ['env', `PATH=${directory}:${process.env['PATH']}`, 'node'];
  return [
    [...node, '--test', '--test-concurrency=3', ...globSync('test/server/{,lifetime/}*.test.ts', {cwd: root})],
    [...node, '--test', '--test-concurrency=1', ...globSync('test/server/load/*.test.ts', {cwd: root})],
    // Installs browsers and other clients.
    ...(all ? [['sh', 'scripts/clients']] : []),
    [
      ...node,
      '--test',
      `--test-concurrency=${all ? 1 : 2}`,
      ...globSync('test/server/{conformance,clients}/*.test.ts', {cwd: root}),
    ],
  ];
}
// The Node of the images `:24`, which services that ask for it are served by.
const older = `.images/node-24/node_modules/node-linux-${process.arch}/bin`;
const stages: Readonly<Record<string, () => readonly (readonly string[])[]>> = {
  types: () => [['tsc', '--noEmit']],
  lint: () => [
    ['oxlint', '--deny-warnings'],
    ['oxfmt', '--check', '.'],
    // Installs shellcheck. test/unit/shell-files.test.ts runs it.
    ['sh', 'scripts/shellcheck'],
  ],
  unit: () => [['node', '--test', ...globSync('test/unit/**/*.test.ts', {cwd: root})]],
  cli: () => [['node', '--test', ...globSync('test/cli/**/*.test.ts', {cwd: root})]],
  // Most files wait more than they compute; each file in load/ uses both cores.
  server: () => [
    ...serverTests(),
    ...(all ? [['sh', 'scripts/node-24'], ...serverTests(join(root, older))] : []),
    // Its short form is part of the stage integration.
    ...(all
      ? [
          ...withImages('node-service', 'haproxy'),
          ['node', '--test', 'test/integration/images/app-server-haproxy.test.ts'],
        ]
      : []),
  ],
  integration: () => [
    ...withImages(...usual),
    ['node', '--test', '--test-concurrency=1', ...integration.filter((file) => alone.test(file))],
    ['node', '--test', '--test-concurrency=2', ...integration.filter((file) => !alone.test(file))],
  ],
  build: () => [
    ...withImages('node-service', 'python-service', ...(all ? versions : [])),
    ['node', '--test', '--test-concurrency=1', ...globSync('test/build/**/*.test.ts', {cwd: root})],
  ],
  contract: () => [
    ...withImages('node-service', ...(all ? ['command', 'base:24'] : [])),
    ['node', '--test', '--test-concurrency=1', ...globSync('test/contract/*.test.ts', {cwd: root})],
  ],
  fleet: () => [
    ...withImages('node-service', 'haproxy', 'registry'),
    ['node', '--test', '--test-concurrency=1', ...globSync('test/fleet/*.test.ts', {cwd: root})],
  ],
  isomorphism: () => [
    ...withImages(...usual),
    ['node', '--test', '--test-concurrency=2', ...globSync('test/isomorphism/*.test.ts', {cwd: root})],
  ],
};

const wanted = process.argv.slice(2);
for (const [name, commands] of Object.entries(stages)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const [program = '', ...words] of commands()) {
    process.stderr.write(`\n== ${name}: ${program} ${words.slice(0, 3).join(' ')}\n`);
    const {status} = spawnSync(program, words, {cwd: root, stdio: 'inherit'});
    if (status !== 0) process.exit(status ?? 1);
  }
}
