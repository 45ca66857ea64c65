import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Gate} from './gate.ts';
import {bodyLimit} from './limits.ts';
import type {Settings} from '../settings/settings.ts';

export interface GateFacts {
  readonly settings: Pick<Settings, 'readyPath' | 'maxBodySize' | 'maxRequests' | 'maxRequestsJitter'>;
  /** Is the worker about to go? */
  readonly draining: () => boolean;
  /** Has it as many connections as it may have? */
  readonly full: () => boolean;
  /** Called once, at the request that was one too many. */
  readonly worn: () => void;
  /** What the worker class does with a request that may go on. */
  readonly serve: Gate;
}

/** What every request passes before the service sees it. On the hot path of all of them: nothing here looks at headers that are not there. */
export function workerGate({settings, draining, full, worn, serve}: GateFacts): Gate {
  const tooLarge = bodyLimit(settings.maxBodySize);
  const most = settings.maxRequests === 0 ? Infinity : settings.maxRequests + Math.floor(Math.random() * (settings.maxRequestsJitter + 1));
  let served = 0;
  return (request, response, proceed) => {
    served += 1;
    if (served === most) worn();
    if (draining() && isProbe(request, settings.readyPath)) return notReady(response);
    // So that room comes.
    if (full()) response.shouldKeepAlive = false;
    if (!tooLarge(request, response)) serve(request, response, proceed);
  };
}

function isProbe({url = '', method}: IncomingMessage, path: string): boolean {
  return path !== '' && (method === 'GET' || method === 'HEAD') && (url === path || url.startsWith(`${path}?`));
}

function notReady(response: ServerResponse): void {
  response.writeHead(503, {'content-type': 'application/json', 'cache-control': 'no-store'}).end('{"status":"draining"}\n');
}
