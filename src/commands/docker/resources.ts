import {quote, type Words, wordsText} from '../../shell/argv.ts';
import {labelFilters, pairs} from './flags.ts';

// Networks and volumes.

export const dockerNetworkCreate = (name: string, labels: Readonly<Record<string, string>>): Words => [
  'docker',
  'network',
  'create',
  ...pairs('--label', labels),
  name,
];

/** Names of the networks of a container, one per line, for `docker inspect --format`. */
export const networksFormat = '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}';

/** Connects a container to a network; one that is connected already stays as it is. */
export const dockerNetworkConnect = (network: string, container: string): Words => [
  'sh',
  '-c',
  `docker inspect --format '${networksFormat}' ${quote(container)} | grep -qxF ${quote(network)} || ${wordsText(['docker', 'network', 'connect', network, container])}`,
];

export const dockerNetworkRemove = (name: string): Words => ['docker', 'network', 'rm', name];

/** Removes a network that a prune may have removed already. */
export const dockerNetworkRemoveIfThere = (name: string): Words => [
  'sh',
  '-c',
  `${wordsText(dockerNetworkRemove(name))} || [ -z "$(${wordsText(dockerNetworkList(name))})" ]`,
];

/** Prints the network's name if it exists. */
export const dockerNetworkList = (name: string): Words => [
  'docker',
  'network',
  'ls',
  '--filter',
  `name=^${name}$`,
  '--format',
  '{{.Name}}',
];

/** What images, containers, volumes and build caches take on an engine's disk. */
export const dockerDiskUsage: Words = ['docker', 'system', 'df'];

/** Every volume, one per line in `format`. */
export const dockerVolumeTable = (format: string): Words => ['docker', 'volume', 'ls', '--format', format];

/** Volumes with these labels, one per line in `format`, with every field of `docker volume inspect`. */
export const dockerVolumeDescriptions = (labels: Readonly<Record<string, string>>, format: string): Words => [
  'sh',
  '-c',
  `names=$(${wordsText(['docker', 'volume', 'ls', '--quiet', ...labelFilters(labels)])}) && [ -z "$names" ] || ${wordsText(['docker', 'volume', 'inspect', '--format', format])} $names`,
];

export const dockerVolumeCreate = (name: string, labels: Readonly<Record<string, string>>): Words => [
  'docker',
  'volume',
  'create',
  ...pairs('--label', labels),
  name,
];

export const dockerVolumeRemove = (...names: string[]): Words => ['docker', 'volume', 'rm', '--force', ...names];
