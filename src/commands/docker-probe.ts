import type {Command, Words} from '../argv.ts';
import {dockerCreate, dockerRun} from './docker.ts';
import type {ContainerFacts} from './docker.ts';

/** A container under the conditions of a probe. */
export interface ProbeFacts extends ContainerFacts {
  readonly user?: string | undefined;
  readonly readOnly?: boolean | undefined;
  readonly tmpfs?: readonly string[] | undefined;
  readonly dropCapabilities?: boolean | undefined;
  readonly addCapabilities?: readonly string[] | undefined;
  readonly memorySwap?: string | undefined;
  readonly pidsLimit?: number | undefined;
  /** The container whose processes it sees. */
  readonly pidOf?: string | undefined;
  readonly entrypoint?: string | undefined;
  /** `name:address` */
  readonly hosts?: readonly string[] | undefined;
}

export function probeRun(facts: ProbeFacts, how: 'detached' | 'foreground' | 'kept'): Command {
  const {words, ...command} = dockerRun(facts, how);
  return {...command, words: withFlags(words, facts)};
}

export function probeCreate(facts: ProbeFacts): Command {
  return {words: withFlags(dockerCreate(facts), facts), secrets: facts.secrets};
}

// After `docker run`, before all other words.
function withFlags([docker = '', verb = '', ...words]: Words, facts: ProbeFacts): Words {
  const {user, readOnly, tmpfs = [], dropCapabilities, addCapabilities = [], memorySwap, pidsLimit, pidOf, entrypoint, hosts = []} = facts;
  return [
    docker, verb,
    ...(user === undefined ? [] : ['--user', user]),
    ...(readOnly === true ? ['--read-only'] : []),
    ...tmpfs.flatMap((path) => ['--tmpfs', path]),
    ...(dropCapabilities === true ? ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'] : []),
    ...addCapabilities.flatMap((name) => ['--cap-add', name]),
    ...(memorySwap === undefined ? [] : ['--memory-swap', memorySwap]),
    ...(pidsLimit === undefined ? [] : ['--pids-limit', String(pidsLimit)]),
    ...(pidOf === undefined ? [] : ['--pid', `container:${pidOf}`]),
    ...(entrypoint === undefined ? [] : ['--entrypoint', entrypoint]),
    ...hosts.flatMap((host) => ['--add-host', host]),
    ...words,
  ];
}

export const dockerKill = (signal: string, name: string): Words => ['docker', 'kill', '--signal', signal, name];

/** Waits until the container has ended; prints its exit code. */
export const dockerWait = (name: string): Words => ['docker', 'wait', name];

export const dockerDiff = (name: string): Words => ['docker', 'diff', name];

export const dockerCopyIn = (from: string, name: string, path: string): Words => ['docker', 'cp', from, `${name}:${path}`];

/** All layers of an image as one tar archive. */
export const dockerSave = (image: string, file: string): Words => ['docker', 'save', '--output', file, image];

export const dockerHistory = (image: string): Words =>
  ['docker', 'history', '--no-trunc', '--format', '{{json .CreatedBy}}', image];
