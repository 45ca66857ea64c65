import type {Description} from '../runtimes/description.ts';
import {describeNode} from '../runtimes/node/start/describe.ts';
import {describePython} from '../runtimes/python/start/describe.ts';
import type {Runtime} from '../runtimes/runtime.ts';

const describers: Readonly<Record<string, (directory: string) => Description>> = {
  node: describeNode,
  python: describePython,
};

/**
 * What a directory shows about its service: its framework, how it is installed, built, served and tested. Not a part of
 * {@link Runtime}, which every start of the command loads.
 * @throws Problem `no_server_module` or `framework_missing` (exit code 65)
 */
export const describeIn = (directory: string, {name}: Pick<Runtime, 'name'>): Description =>
  describers[name]?.(directory) ?? {facts: [], undecided: []};
