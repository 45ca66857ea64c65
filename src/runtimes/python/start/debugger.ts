import {exitCode, problem} from '../../../errors.ts';
import type {SettingValues} from '../../../server/settings/given.ts';
import type {Words} from '../../../shell/argv.ts';
import type {ServiceContext} from '../../runtime.ts';
import {hasPythonPackage, installFix, pythonProgram} from '../program.ts';
import type {AppServer} from './settings.ts';

/** Where editors expect debugpy. */
export const usualAddress = '127.0.0.1:5678';

/** Settings under a debugger: one worker, which can be paused for as long as its developer thinks. */
export function debuggedSettings(appServer: AppServer, {inspect}: SettingValues): SettingValues {
  if (inspect !== true) return {};
  return appServer === 'gunicorn' ? {workers: 1, timeout: 0} : {workers: 1};
}

/**
 * The module to serve. granian calls a WSGI application in threads that debugpy does not see by itself: a module of ours
 * shows them to it, and serves the one that a variable names.
 */
export function debuggedModule(
  module: string,
  appServer: AppServer,
  interfaceName: string,
  {inspect}: SettingValues,
): {readonly module: string; readonly env: Readonly<Record<string, string>>} {
  if (inspect !== true || appServer !== 'granian' || interfaceName !== 'wsgi') return {module, env: {}};
  return {module: 'entrypoint_debugged:application', env: {ENTRYPOINT_DEBUGGED: module}};
}

/**
 * The command line of a server under debugpy, which also follows it into its worker; the line itself without `--inspect`.
 * @throws Problem `not_installed` (exit code 69)
 */
export function debugged(
  context: ServiceContext,
  words: Words,
  appServer: AppServer,
  {inspect, inspectBind = usualAddress}: SettingValues,
): Words {
  if (inspect !== true) return words;
  if (!hasPythonPackage(context, 'debugpy'))
    throw problem({
      code: 'not_installed',
      what: 'debugpy, by which --inspect opens a debugger, is not installed',
      fix: installFix(context, 'debugpy'),
      exitCode: exitCode.unavailable,
    });
  return [
    pythonProgram(context),
    // Breakpoints in frozen modules of the standard library would be missed.
    '-Xfrozen_modules=off',
    '-m',
    'debugpy',
    '--listen',
    String(inspectBind),
    '-m',
    appServer,
    ...words.slice(1),
  ];
}
