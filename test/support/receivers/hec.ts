import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {gunzipSync} from 'node:zlib';

// Splunk's HTTP event collector, as its clients see it: the published protocol with its codes, tokens, busy answers and
// acknowledgements. @see https://docs.splunk.com/Documentation/Splunk/latest/Data/TroubleshootHTTPEventCollector

/** An event that was accepted. */
export interface HecEvent {
  readonly time?: string | number;
  readonly event: unknown;
  readonly index?: string;
}

export interface Hec {
  readonly port: number;
  /** Events in the order in which they were accepted. */
  readonly events: HecEvent[];
  /** Requests that were refused, by the code of the answer. */
  readonly refused: number[];
  /** Answers that are to come as if it were busy: 503, code 9. */
  busy: number;
  /** Accept connections and answer nothing. */
  silent: boolean;
  close(this: void): Promise<void>;
}

const answers: Readonly<Record<number, readonly [status: number, text: string]>> = {
  0: [200, 'Success'],
  2: [401, 'Token is required'],
  3: [401, 'Invalid authorization'],
  4: [403, 'Invalid token'],
  5: [400, 'No data'],
  6: [400, 'Invalid data format'],
  9: [503, 'Server is busy'],
  10: [400, 'Data channel is missing'],
  12: [400, 'Event field is required'],
};

/**
 * Starts a collector.
 * @param options `token`: the only valid one; `acknowledges`: events need a channel and get an acknowledgement's number
 */
export async function startHec({
  token,
  acknowledges = false,
  address = '0.0.0.0',
}: {
  readonly token: string;
  readonly acknowledges?: boolean;
  readonly address?: string;
}): Promise<Hec> {
  const acknowledged = new Map<string, number>();
  const hec = {port: 0, events: [] as HecEvent[], refused: [] as number[], busy: 0, silent: false};
  const answer = (response: ServerResponse, code: number, more: object = {}): void => {
    const [status, text] = answers[code] ?? [500, 'Internal server error'];
    if (code !== 0) hec.refused.push(code);
    response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify({text, code, ...more}));
  };
  const server = createServer((request, response) => {
    if (hec.silent) return;
    void bodyOf(request).then((body) => {
      if (request.method === 'OPTIONS') return void response.writeHead(200, {allow: 'POST,OPTIONS'}).end();
      const [, given] = /^Splunk (.*)$/.exec(request.headers.authorization ?? '') ?? [];
      if (request.headers.authorization === undefined) return answer(response, 2);
      if (given === undefined) return answer(response, 3);
      if (given !== token) return answer(response, 4);
      const channel = request.headers['x-splunk-request-channel'];
      if (acknowledges && typeof channel !== 'string') return answer(response, 10);
      if (request.url?.startsWith('/services/collector/ack') === true) {
        const {acks} = JSON.parse(body) as {acks: readonly number[]};
        const last = acknowledged.get(String(channel)) ?? -1;
        return void response.end(JSON.stringify({acks: Object.fromEntries(acks.map((one) => [one, one <= last]))}));
      }
      if (hec.busy > 0) {
        hec.busy -= 1;
        return answer(response, 9);
      }
      if (body === '') return answer(response, 5);
      const events = eventsOf(body);
      if (events === undefined) return answer(response, 6);
      if (events.some(({event}) => event === undefined)) return answer(response, 12);
      hec.events.push(...events);
      if (!acknowledges) return answer(response, 0);
      const ackId = (acknowledged.get(String(channel)) ?? -1) + 1;
      acknowledged.set(String(channel), ackId);
      return answer(response, 0, {ackId});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  return Object.assign(hec, {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}

/** Objects one after the other, without anything between them; undefined for what is none. */
function eventsOf(text: string): HecEvent[] | undefined {
  const found: HecEvent[] = [];
  let [depth, start, isText] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (isText) {
      if (letter === '\\') at += 1;
      else if (letter === '"') isText = false;
    } else if (letter === '"') isText = true;
    else if (letter === '{') {
      if (depth === 0) start = at;
      depth += 1;
    } else if (letter === '}') {
      depth -= 1;
      if (depth < 0) return undefined;
      if (depth === 0) found.push(JSON.parse(text.slice(start, at + 1)) as HecEvent);
    }
  }
  return depth === 0 && found.length > 0 ? found : undefined;
}
