import type {Runtime} from '../runtime.ts';
import {pythonChecks} from './checks.ts';
import {installFix, isPythonService} from './program.ts';
import {pyprojectTexts} from './pyproject.ts';
import {servePython} from './serve.ts';
import {pytestCommand} from './tests.ts';
import {pythonVersion} from './version.ts';
import {pythonPackage} from './workspace.ts';

export {isPythonManifest, requirementFiles} from './manifests.ts';

/** Services for Python. */
export const python: Runtime = {
  name: 'python',
  matches: isPythonService,
  manifest: (directory) => ({
    name: pyprojectTexts(directory, 'project')['name'],
    module: pyprojectTexts(directory, 'tool.entrypoint')['module'],
  }),
  workspacePackage: pythonPackage,
  dockerfile: (directory) => `FROM entrypoint/python-service:${pythonVersion(directory)}`,
  installFix: (directory, packages) => installFix({cwd: directory}, packages.join(' and ')),
  checkPackages: ['ruff', 'mypy'],
  checks: pythonChecks,
  tests: pytestCommand,
  serve: servePython,
};
