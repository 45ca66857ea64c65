/** What a container is for. */
export type Role = 'app' | 'balancer' | 'backing' | 'task' | 'lock';

/** One service in one environment: the prefix of everything that it has on an engine. */
export interface Stack {
  readonly service: string;
  readonly environment: string;
}

/** `buy-service.local`: the network, and the beginning of every container's and volume's name. */
export const stackName = ({service, environment}: Stack): string => `${service}.${environment}`;

/** `buy-service.local.3.1`: replica 1 of release 3. */
export const appName = (stack: Stack, release: number, replica: number): string =>
  `${stackName(stack)}.${release}.${replica}`;

export const balancerName = (stack: Stack): string => `${stackName(stack)}.balancer`;

export const lockName = (stack: Stack): string => `${stackName(stack)}.lock`;

/** A balancer that several services share belongs to none of them. */
export const sharedLabels = (name: string): Record<string, string> => ({
  'entrypoint.service_name': 'entrypoint-balancer',
  'entrypoint.environment': name,
  'entrypoint.role': 'balancer',
});

/** The label of an entry of the release log: the stack's name. */
export const logLabel = 'entrypoint.log';

export const logEntryName = (stack: Stack, token: string): string => `${stackName(stack)}.log.${token}`;

export const backingName = (stack: Stack, backing: string): string => `${stackName(stack)}.${backing}`;

export const volumeName = (stack: Stack, backing: string, volume: string): string =>
  `${backingName(stack, backing)}.${volume}`;

/** The labels by which everything of a stack is found again, on any machine that has the image. */
export function stackLabels({service, environment}: Stack): Record<string, string> {
  return {'entrypoint.service_name': service, 'entrypoint.environment': environment};
}

export function roleLabels(stack: Stack, role: Role): Record<string, string> {
  return {...stackLabels(stack), 'entrypoint.role': role};
}
