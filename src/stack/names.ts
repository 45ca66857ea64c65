/** What a container is for. */
export type Role = 'app' | 'balancer' | 'backing' | 'task' | 'lock';

/** One service in one environment: the prefix of everything that it has on an engine. */
export interface Scene {
  readonly service: string;
  readonly environment: string;
}

/** `buy-service.local`: the network, and the beginning of every container's and volume's name. */
export const sceneName = ({service, environment}: Scene): string => `${service}.${environment}`;

/** `buy-service.local.3.1`: replica 1 of release 3. */
export const appName = (scene: Scene, release: number, replica: number): string =>
  `${sceneName(scene)}.${release}.${replica}`;

export const balancerName = (scene: Scene): string => `${sceneName(scene)}.balancer`;

export const lockName = (scene: Scene): string => `${sceneName(scene)}.lock`;

/** A balancer that several services share belongs to none of them. */
export const sharedLabels = (name: string): Record<string, string> =>
  ({'entrypoint.service_name': 'entrypoint-balancer', 'entrypoint.environment': name, 'entrypoint.role': 'balancer'});

/** The label of an entry of the release log: the scene's name. */
export const logLabel = 'entrypoint.log';

export const logEntryName = (scene: Scene, token: string): string => `${sceneName(scene)}.log.${token}`;

export const backingName = (scene: Scene, backing: string): string => `${sceneName(scene)}.${backing}`;

export const volumeName = (scene: Scene, backing: string, volume: string): string =>
  `${backingName(scene, backing)}.${volume}`;

/** The labels by which everything of a scene is found again, on any machine that has the image. */
export function sceneLabels({service, environment}: Scene): Record<string, string> {
  return {'entrypoint.service_name': service, 'entrypoint.environment': environment};
}

export function roleLabels(scene: Scene, role: Role): Record<string, string> {
  return {...sceneLabels(scene), 'entrypoint.role': role};
}
