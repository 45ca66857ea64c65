import * as v from 'valibot';
import {loadBalancer} from '../../../src/config/load-balancer-schema.ts';
import {renderFragment} from '../../../src/engines/balancer/fragment.ts';
import {balancerSettings} from '../../../src/engines/balancer/settings.ts';
import type {BalancerState, Half} from '../../../src/engines/balancer/state.ts';
import {docker, must} from './containers.ts';
import type {Ended, Place} from './containers.ts';

// A service as small as it can be: `/ready` follows READY, `/` tells its version after ?ms=.
const app = `
import http from 'node:http';
const {VERSION: version = '', READY: ready = 'yes'} = process.env;
const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://app');
  response.setHeader('x-version', version);
  if (url.pathname === '/ready') {
    response.statusCode = ready === 'yes' ? 200 : 503;
    response.end(JSON.stringify({database: ready === 'yes' ? 'up' : 'down'}));
  } else setTimeout(() => response.end(version), Number(url.searchParams.get('ms') ?? 0));
}).listen(3000);
process.on('SIGTERM', () => process.exit(0));
`;

/** Starts a replica of the service; returns the container's name. */
export function startApp(place: Place, name: string, version: string, ready: 'yes' | 'no' = 'yes'): Promise<string> {
  return place.start(name, [
    '--env', `VERSION=${version}`, '--env', `READY=${ready}`, '--entrypoint', 'tini', 'entrypoint/base:26',
    '--', 'node', '--input-type=module', '--eval', app,
  ]);
}

export interface Balancer {
  readonly container: string;
  /** `lb` with these words in the balancer's container. */
  lb(words: readonly string[], stdin?: string): Promise<Ended>;
  /** `lb`, which must succeed. */
  mustLb(words: readonly string[], stdin?: string): Promise<string>;
  /** The published port, which changes when the container is restarted. */
  port(): Promise<number>;
}

export async function startBalancer(place: Place, name = 'balancer'): Promise<Balancer> {
  const container = await place.start(name, ['--restart', 'always', '--publish', '127.0.0.1::8080', 'entrypoint/haproxy:3.0']);
  return {
    container,
    lb: (words, stdin) => docker(['exec', '--interactive', container, 'lb', ...words], stdin),
    mustLb: (words, stdin) => must(['exec', '--interactive', container, 'lb', ...words], stdin),
    port: async () => Number((await must(['port', container, '8080/tcp'])).split(':').at(-1)),
  };
}

/** A fragment; `uses` says which slots are taken by which containers: `{'1a': 'service.1'}`. `file` is `load_balancer` of deploy.yaml. */
export function configText(uses: Readonly<Record<string, string>> = {}, size = 1, {name = 'web', file = {}, ...more}: Partial<BalancerState> & {file?: object} = {}): string {
  return renderFragment({
    name,
    release: 1,
    previous: 0,
    hosts: [''],
    size,
    health: '/ready',
    slots: Object.entries(uses).map(([slot, container]) => ({host: '', replica: Number(slot[0]), half: slot[1] as Half, container, address: container, port: 3000})),
    settings: balancerSettings(v.parse(loadBalancer, file)),
    ...more,
  });
}

/** The version that answers, or the status where there is none. */
export async function answer(balancer: Balancer): Promise<string> {
  try {
    const response = await fetch(`http://127.0.0.1:${await balancer.port()}/`, {headers: {connection: 'close'}});
    return response.ok ? await response.text() : `status ${response.status}`;
  } catch (error) {
    return (error as Error).message;
  }
}
