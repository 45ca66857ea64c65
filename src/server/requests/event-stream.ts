import type {ServerResponse} from 'node:http';
import {sentHead} from '../process/node-internals.ts';

/** Whether the response is one of server-sent events: it has no end, and its client reconnects. */
export function isEventStream(response: ServerResponse | undefined): boolean {
  return response !== undefined && /^content-type: *text\/event-stream/im.test(sentHead(response));
}
