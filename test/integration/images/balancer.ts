import {request} from 'node:http';
import * as v from 'valibot';
import {renderFragment} from '../../../src/deploy/hosts/balancer/fragment.ts';
import {balancerSettings} from '../../../src/deploy/hosts/balancer/settings.ts';
import {type BalancerState, colourOf} from '../../../src/deploy/hosts/balancer/state.ts';
import {healthCheckOf} from '../../../src/service/schema/health-check.ts';
import {loadBalancer} from '../../../src/service/schema/load-balancer.ts';
import {docker, type Ended, must} from '../../support/docker.ts';
import {type Place} from './containers.ts';

// A minimal service: `/ready` follows READY, `/` answers its version after ?ms=, and 500 to one in FAILS requests;
// `/forwarded` answers the forwarded headers, `/events` sends an event every 100 ms, and an upgraded connection echoes.
const app = `
import http from 'node:http';
const {VERSION: version = '', READY: ready = 'yes', FAILS: fails = '0'} = process.env;
let count = 0;
const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://app');
  response.setHeader('x-version', version);
  if (url.pathname === '/forwarded') {
    response.end(JSON.stringify({for: request.headers['x-forwarded-for'], proto: request.headers['x-forwarded-proto']}));
  } else if (url.pathname === '/events') {
    response.setHeader('content-type', 'text/event-stream');
    const timer = setInterval(() => response.write('data: ' + version + '\\n\\n'), 100);
    response.on('close', () => clearInterval(timer));
    setTimeout(() => response.end(), Number(url.searchParams.get('ms') ?? 60000));
  } else if (url.pathname !== '/ready' && Number(fails) > 0 && (count += 1) % Number(fails) === 0) {
    response.statusCode = 500;
    response.end('broken');
  } else if (url.pathname === '/ready') {
    response.statusCode = ready === 'yes' ? 200 : 503;
    response.end(JSON.stringify({database: ready === 'yes' ? 'up' : 'down'}));
  } else setTimeout(() => response.end(version), Number(url.searchParams.get('ms') ?? 0));
}).listen(3000);
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: echo\\r\\n\\r\\n');
  socket.on('data', (data) => socket.write(version + ' ' + data));
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
});
process.on('SIGTERM', () => process.exit(0));
`;

/** Starts a replica of the service; returns the container's name. */
export function startApp(
  place: Place,
  name: string,
  version: string,
  ready: 'yes' | 'no' = 'yes',
  more: readonly string[] = [],
): Promise<string> {
  return place.start(name, [
    ...more,
    '--env',
    `VERSION=${version}`,
    '--env',
    `READY=${ready}`,
    '--entrypoint',
    'tini',
    'entrypoint/base:26',
    '--',
    'node',
    '--input-type=module',
    '--eval',
    app,
  ]);
}

export interface Balancer {
  readonly container: string;
  /** Runs `lb` with these words in the balancer's container. */
  lb(words: readonly string[], stdin?: string): Promise<Ended>;
  /** The same, and throws where it fails. */
  mustLb(words: readonly string[], stdin?: string): Promise<string>;
  /** The published port of http or https, which changes when the container is restarted. */
  port(inside?: 8080 | 8443): Promise<number>;
}

export async function startBalancer(place: Place, name = 'balancer', more: readonly string[] = []): Promise<Balancer> {
  const container = await place.start(name, [
    ...more,
    '--restart',
    'always',
    '--publish',
    '127.0.0.1::8080',
    '--publish',
    '127.0.0.1::8443',
    'entrypoint/haproxy:3.0',
  ]);
  return driver(container);
}

/** Drives the balancer in a container, or the HAProxy beside it. */
export function driver(container: string): Balancer {
  return {
    container,
    lb: (words, stdin) => docker(['exec', '--interactive', container, 'lb', ...words], stdin),
    mustLb: (words, stdin) => must(['exec', '--interactive', container, 'lb', ...words], stdin),
    port: async (inside = 8080) => Number((await must(['port', container, `${inside}/tcp`])).split(':').at(-1)),
  };
}

/**
 * A fragment. `uses` maps taken slots to containers: `{'1a': 'service.1'}`. `file` is `load_balancer` of deploy.yaml.
 */
export function configText(
  uses: Readonly<Record<string, string>> = {},
  size = 1,
  {name = 'web', file = {}, ...more}: Partial<BalancerState> & {file?: object} = {},
): string {
  return renderFragment({
    name,
    release: 1,
    previous: 0,
    hosts: [''],
    size,
    health: healthCheckOf('/ready', undefined),
    slots: Object.entries(uses).map(([slot, container]) => ({
      host: '',
      replica: Number(slot[0]),
      colour: colourOf(slot[1] ?? ''),
      container,
      address: container,
      port: 3000,
    })),
    settings: balancerSettings(v.parse(loadBalancer, file)),
    ...more,
  });
}

/** The body of an answer, or its status where that is not 200. On a new connection; `headers` can have a `host`. */
export async function answer(
  balancer: Balancer,
  path = '/',
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  // A container that is restarting publishes no port.
  const port = await balancer.port().catch(() => undefined);
  if (port === undefined) return 'no port';
  return new Promise((resolve) => {
    const asking = request({port, path, agent: false, headers}, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.once('end', () => resolve(response.statusCode === 200 ? text : `status ${response.statusCode}`));
    });
    asking.once('error', (error) => resolve(error.message));
    asking.end();
  });
}

/** Starts a container in a slot and gives it the traffic; no other server has any yet. */
export async function serveFrom(balancer: Balancer, server: string, container: string): Promise<void> {
  await balancer.mustLb(['start', '10', `${server}=${container}:3000`]);
  await balancer.mustLb(['switch', '--to', server]);
}
