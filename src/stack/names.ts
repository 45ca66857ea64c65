/** The purpose of a container: the label `entrypoint.role`. */
export type Role = 'app' | 'balancer' | 'backing' | 'task' | 'lock';

/** One service in one environment. Its name prefixes everything it has on an engine. */
export interface Stack {
  readonly service: string;
  readonly environment: string;
}

/**
 * The name of a stack's network, and the prefix of its containers and volumes.
 * @example
 * stackName({service: 'buy-service', environment: 'local'}); // 'buy-service.local'
 */
export const stackName = ({service, environment}: Stack): string => `${service}.${environment}`;

/** `buy-service.local.3.1`: replica 1 of release 3. */
export const appName = (stack: Stack, release: number, replica: number): string =>
  `${stackName(stack)}.${release}.${replica}`;

export const balancerName = (stack: Stack): string => `${stackName(stack)}.balancer`;

export const lockName = (stack: Stack): string => `${stackName(stack)}.lock`;

/** Labels of a balancer that several services share: it belongs to none of their stacks. */
export const sharedLabels = (name: string): Record<string, string> => ({
  'entrypoint.service_name': 'entrypoint-balancer',
  'entrypoint.environment': name,
  'entrypoint.role': 'balancer',
});

/** The label of a release log entry. Its value is the stack's name. */
export const logLabel = 'entrypoint.log';

/** The label of a replica that was started with another log driver than its own: the name of that one. */
export const fallbackLabel = 'entrypoint.log_fallback';

export const logEntryName = (stack: Stack, token: string): string => `${stackName(stack)}.log.${token}`;

export const backingName = (stack: Stack, backing: string): string => `${stackName(stack)}.${backing}`;

export const volumeName = (stack: Stack, backing: string, volume: string): string =>
  `${backingName(stack, backing)}.${volume}`;

/** The labels by which any machine with the image finds everything of a stack. */
export function stackLabels({service, environment}: Stack): Record<string, string> {
  return {'entrypoint.service_name': service, 'entrypoint.environment': environment};
}

/**
 * The labels by which any machine with the image finds a container of a stack, and its role.
 * @example
 * roleLabels({service: 'shop', environment: 'load'}, 'task');
 * // {'entrypoint.service_name': 'shop', 'entrypoint.environment': 'load', 'entrypoint.role': 'task'}
 */
export function roleLabels(stack: Stack, role: Role): Record<string, string> {
  return {...stackLabels(stack), 'entrypoint.role': role};
}
