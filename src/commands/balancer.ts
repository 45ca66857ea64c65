import {dockerExec, dockerExecFed} from './docker.ts';
import type {Command, Words} from '../argv.ts';

// The `lb` program is part of the haproxy image (images/haproxy/README.md describes it).

/**
 * Validates the configuration and puts it in force. `reload` starts a new worker and waits until the old one has
 * gone, since that one knows only the old servers; `file-only` keeps what a restart is to find.
 */
export const balancerConfig = (balancer: string, text: string, how: 'reload' | 'file-only'): Command =>
  dockerExecFed(balancer, ['lb', 'config', how === 'reload' ? '--wait' : '--no-reload'], text);

/** Gives a slot its address and waits until it passes its health check; it gets no traffic yet. */
export const balancerStart = (balancer: string, server: string, container: string, port: number, seconds: number): Words =>
  dockerExec(balancer, ['lb', 'start', server, container, String(port), String(seconds)]);

/** New requests go to `to`; `from` only finishes what it has. */
export const balancerSwitch = (balancer: string, to: readonly string[], from: readonly string[]): Words =>
  dockerExec(balancer, ['lb', 'switch', '--to', to.join(','), ...(from.length === 0 ? [] : ['--from', from.join(',')])]);

/** Waits until these servers have no connection, at most `seconds`, and takes them out. */
export const balancerIdle = (balancer: string, seconds: number, servers: readonly string[]): Words =>
  dockerExec(balancer, ['lb', 'idle', String(seconds), ...servers]);

/** Takes these servers out at once. */
export const balancerOff = (balancer: string, servers: readonly string[]): Words =>
  dockerExec(balancer, ['lb', 'off', ...servers]);

export const balancerReadConfig = (balancer: string): Words => dockerExec(balancer, ['cat', '/etc/haproxy/haproxy.cfg']);

/** One line a server: its name, state, address and last check. */
export const balancerShow = (balancer: string): Words => dockerExec(balancer, ['lb', 'show']);

/** Makes the running balancer match its file again, after a deploy that died between the two. */
export const balancerRestore = (balancer: string): Words => dockerExec(balancer, ['lb', 'restore']);
