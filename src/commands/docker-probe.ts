import type {Words} from '../shell/argv.ts';

// What only a check of an image asks of the engine.

export const dockerKill = (signal: string, name: string): Words => ['docker', 'kill', '--signal', signal, name];

/** Waits until the container has ended; prints its exit code. */
export const dockerWait = (name: string): Words => ['docker', 'wait', name];

export const dockerDiff = (name: string): Words => ['docker', 'diff', name];

export const dockerCopyIn = (from: string, name: string, path: string): Words => [
  'docker',
  'cp',
  from,
  `${name}:${path}`,
];

/** All layers of an image as one tar archive. */
export const dockerSave = (image: string, file: string): Words => ['docker', 'save', '--output', file, image];

export const dockerHistory = (image: string): Words => [
  'docker',
  'history',
  '--no-trunc',
  '--format',
  '{{json .CreatedBy}}',
  image,
];
