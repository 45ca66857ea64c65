import {existsSync} from 'node:fs';
import {join} from 'node:path';
import type {Runtime} from '../runtime.ts';
import {nodeChecks} from './checks.ts';
import {addPackages} from './package-manager.ts';
import {readPackage} from './package.ts';
import {serveNode} from './start/serve.ts';
import {nodeTests} from './tests.ts';
import {nodeMajor} from './version.ts';
import {nodePackage} from './workspace.ts';

/** Services for Node: a directory with a package.json. */
export const node: Runtime = {
  name: 'node',
  matches: (directory) => existsSync(join(directory, 'package.json')),
  manifest: (directory) => {
    const {name, main} = readPackage(directory) ?? {};
    return {name, module: main};
  },
  workspacePackage: nodePackage,
  dockerfile: (directory) => `FROM entrypoint/node-service:${nodeMajor(directory)}`,
  installFix: (directory, packages) => addPackages(directory, packages, {dev: true}),
  checkPackages: ['typescript', 'oxlint'],
  checks: nodeChecks,
  tests: nodeTests,
  serve: serveNode,
};
