import {probePath} from './exchange.ts';
import type {Exchanged} from './exchange.ts';
import type {Answer, Handler, Message, Seen} from './message.ts';
import {type Received, valueOf} from './responses.ts';

export interface Judged {
  readonly message: Message;
  readonly exchanged: Exchanged;
  /** The requests that the service has served with the id of the message: METHOD target. */
  readonly ran: readonly string[];
  readonly handler: Handler;
  readonly id: string;
}

/** The statuses with which a server refuses a message whose end it does not know: RFC 9112 2.2, 9.6. */
const refusals = new Set([400, 408, 413, 414, 431, 505]);

/** What was expected, and what came instead; empty if everything is right. */
export function judge({message, exchanged, ran, handler, id}: Judged): readonly string[] {
  const {responses, problems, closed, probed} = exchanged;
  const wrong: string[] = [...problems];
  const answers = message.answers.map((answer) => (handler === 'fetch' ? {...answer, ...answer.fetch} : answer));
  const finals = probed ? responses.slice(0, -1) : responses;
  for (const [index, received] of finals.entries()) {
    const answer = answers[index];
    const which = answers.length > 1 ? `answer ${index + 1}: ` : '';
    if (answer === undefined) wrong.push(`${which}an answer too many: ${received.status} ${sample(received.body)}`);
    else wrong.push(...compare(answer, received, handler, id).map((text) => which + text));
  }
  const closing = finals.findIndex(({closes}) => closes);
  if (closing !== -1 && closing < finals.length - 1)
    wrong.push('an answer behind the one that announces a close (RFC 9112 9.6)');
  // A class that closes after each answer owes nothing to what is pipelined behind it.
  const missing = answers.length - finals.length;
  const silent = message.silence === true && finals.length === 0 && closed !== undefined;
  if (missing > 0 && closing === -1 && !silent)
    wrong.push(
      `${missing} of ${answers.length} answers missing (${statuses(answers)}); connection: ${closed ?? 'open and silent'}`,
    );
  wrong.push(...judgeEnd(message, exchanged, finals));
  wrong.push(...judgeRuns(message, finals, ran));
  return wrong;
}

function judgeEnd(
  {after}: Message,
  {closed, probed, responses}: Exchanged,
  finals: readonly Received[],
): readonly string[] {
  const wrong: string[] = [];
  const last = finals.at(-1);
  const refusedIt = last !== undefined && refusals.has(last.status) && valueOf(last, 'x-served') === undefined;
  if (after === 'closed' || refusedIt || last?.closes === true) {
    if (closed === undefined)
      wrong.push(`the connection stays open${refusedIt ? ' behind a refusal' : ''}, expected: closed (RFC 9112 9.6)`);
    else if (closed !== 'end')
      wrong.push(
        `the connection ends with ${closed}, expected: FIN, since a reset can destroy the answer (RFC 9112 9.6)`,
      );
    return wrong;
  }
  if (probed) {
    const probe = responses.at(-1);
    // A connection that need not go on may end with a refusal.
    if (after === 'either' && probe?.status === 400 && probe.closes) return wrong;
    if (probe?.status !== 200 || !probe.body.includes(probePath))
      wrong.push(`the next request on the connection gets ${probe?.status} ${sample(probe?.body ?? '')}`);
  } else if (after === 'open' && last?.complete === true) {
    wrong.push(
      closed === undefined
        ? 'the next request on the connection gets no answer'
        : `closed (${closed}) without Connection: close`,
    );
  }
  return wrong;
}

const isProbe = (line: string): boolean => line.endsWith(probePath);

function judgeRuns(
  {after, unanswered = 0}: Message,
  finals: readonly Received[],
  ran: readonly string[],
): readonly string[] {
  const wrong: string[] = [];
  for (const line of ran) if (line.includes('/smuggled')) wrong.push(`smuggled: the service was given ${line}`);
  const closing = after === 'closed' || finals.some(({closes}) => closes);
  if (closing && ran.some(isProbe)) wrong.push('the request behind the close was processed (RFC 9112 9.6)');
  const served = ran.filter((line) => !isProbe(line) && !line.includes('/smuggled')).length;
  if (served > finals.length + unanswered)
    wrong.push(`the service was given ${served} requests, and ${finals.length} were answered: ${ran.join(', ')}`);
  return wrong;
}

function compare(answer: Answer, received: Received, handler: Handler, id: string): readonly string[] {
  const wrong: string[] = [];
  const allowed = [answer.status].flat();
  const {status, informational, complete, body} = received;
  if (!allowed.includes(status)) wrong.push(`expected ${allowed.join(' or ')}, got ${status} ${sample(body)}`);
  const {informational: wanted = []} = answer;
  if (wanted !== 'any' && wanted.join() !== informational.join())
    wrong.push(`expected the informational answers [${wanted.join(', ')}], got [${informational.join(', ')}]`);
  if (!complete && answer.cut !== true) wrong.push(`the response is not complete: ${sample(body)}`);
  for (const [name, value] of Object.entries(answer.fields ?? {})) {
    const got = valueOf(received, name);
    const right = value instanceof RegExp ? got !== undefined && value.test(got) : got === value;
    if (!right) wrong.push(`expected ${name}: ${String(value)}, got ${String(got)}`);
  }
  if (status < 300 && answer.body !== undefined && body !== answer.body)
    wrong.push(`expected the body ${sample(answer.body)}, got ${sample(body)}`);
  const echoed = valueOf(received, 'x-served');
  if (echoed !== undefined && echoed !== id && echoed !== '-')
    wrong.push(`the answer to another request: ${echoed}, not ${id}`);
  if (status === 200 && complete && answer.seen !== undefined && body !== '')
    wrong.push(...compareSeen(answer.seen, body, handler));
  return wrong;
}

function compareSeen(seen: Seen, text: string, handler: Handler): readonly string[] {
  let got: {
    method: string;
    target?: string;
    url?: string;
    body: string;
    fields: Record<string, string[]>;
    trailers?: Record<string, string>;
  };
  try {
    got = JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as typeof got;
  } catch {
    return [`expected the echo of the service, got ${sample(text)}`];
  }
  const wrong: string[] = [];
  const check = (what: string, wanted: string | undefined, found: string | undefined): void => {
    if (wanted !== found)
      wrong.push(`the service sees ${what} ${sample(String(found))}, expected ${sample(String(wanted))}`);
  };
  if (seen.method !== undefined) check('the method', seen.method, got.method);
  if (seen.target !== undefined && handler === 'node') check('the target', seen.target, got.target);
  if (seen.url !== undefined && handler === 'fetch')
    check('the url', seen.url.replace('@host', got.fields['host']?.[0] ?? ''), got.url);
  // Fetch: a GET has no body.
  if (seen.body !== undefined && !(handler === 'fetch' && got.method === 'GET')) check('the body', seen.body, got.body);
  for (const [name, value] of Object.entries(seen.fields ?? {})) check(name, value, got.fields[name]?.join(', '));
  if (handler === 'node')
    for (const [name, value] of Object.entries(seen.trailers ?? {}))
      check(`the trailer ${name}`, value, got.trailers?.[name]);
  return wrong;
}

const statuses = (answers: readonly Answer[]): string =>
  answers.map(({status}) => [status].flat().join('|')).join(', ');

const sample = (text: string): string =>
  JSON.stringify(text.length > 80 ? `${text.slice(0, 60)}... (${text.length} bytes)` : text);
