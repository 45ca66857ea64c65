import {Agent, request} from 'node:http';
import {performance} from 'node:perf_hooks';

// node demo/load.ts URL RATE
// An open-loop load generator: requests start at a fixed rate, whether or not earlier ones were answered. None is
// retried. Prints one JSON object per request. Exits at SIGTERM, after the last response.

const [base = '', rate = '200'] = process.argv.slice(2);
const perSecond = Number(rate);
const keepAlive = new Agent({keepAlive: true, maxSockets: 64});
const fresh = new Agent({keepAlive: false});
const deadlineMs = 5000;

/** One request in twenty is slow, one in ten is a POST. Every other one uses a new connection. */
function plan(index: number): {path: string; body?: string; agent: Agent} {
  const agent = index % 2 === 0 ? keepAlive : fresh;
  if (index % 20 === 7 || index % 40 === 10) return {path: '/products?demo_delay_ms=500', agent};
  if (index % 10 < 1) return {path: '/quotes', body: JSON.stringify({product_id: 'coffee-beans', points: 10}), agent};
  return {path: '/products', agent};
}

let inFlight = 0;
function fire(index: number): void {
  const {path, body, agent} = plan(index);
  const at = Date.now();
  const started = performance.now();
  inFlight += 1;
  let ended = false;
  const end = (failure: string): void => {
    if (ended) return;
    ended = true;
    inFlight -= 1;
    process.stdout.write(
      `${JSON.stringify({at, ms: Math.round((performance.now() - started) * 10) / 10, slow: path.includes('delay'), failure})}\n`,
    );
  };
  const sent = request(
    new URL(path, base),
    {
      agent,
      method: body === undefined ? 'GET' : 'POST',
      timeout: deadlineMs,
      headers:
        body === undefined ? {} : {'content-type': 'application/json', 'content-length': Buffer.byteLength(body)},
    },
    (response) => {
      response.resume();
      response.once('end', () =>
        end(response.statusCode !== undefined && response.statusCode < 400 ? '' : `status ${response.statusCode}`),
      );
      response.once('error', (error) => end(error.message));
    },
  );
  sent.once('timeout', () => sent.destroy(new Error('timeout')));
  sent.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  sent.end(body);
}

const started = performance.now();
let index = 0;
const timer = setInterval(() => {
  for (const due = ((performance.now() - started) / 1000) * perSecond; index < due; index += 1) fire(index);
}, 5);

process.once('SIGTERM', () => {
  clearInterval(timer);
  const wait = setInterval(() => {
    if (inFlight > 0) return;
    clearInterval(wait);
    keepAlive.destroy();
    fresh.destroy();
  }, 20);
});
