import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises';
import {randomNumbers} from '../../load/random.ts';
import {openClient} from '../client.ts';
import {readResponses, type ReceivedAll, valueOf} from '../responses.ts';
import {below, type FuzzRequest, makeRequest, pick, type Random, textOf} from './grammar.ts';
import {mutateRequest, mutateText} from './mutate.ts';

/** What one connection sends, and how. The same numbers make the same script. */
interface Script {
  readonly text: string;
  readonly requests: readonly FuzzRequest[];
  /** Whether every request is valid, and has to be answered. */
  readonly valid: boolean;
  readonly end: 'wait' | 'FIN' | 'reset';
  /** Bytes per piece at most, and the pause between two pieces; undefined: everything at once. */
  readonly pieces: {readonly bytes: number; readonly milliseconds: number} | undefined;
}

function makeScript(random: Random, connection: number): Script {
  const count = 1 + below(random, random() < 0.3 ? 6 : 2);
  const ids = Array.from({length: count}, (_, index) => `f${connection.toString(36)}x${index}`);
  const mutated = random() < 0.6;
  const made = ids.map((id) => makeRequest(random, id, mutated ? [] : ['HEAD']));
  // A client that announces a close sends nothing behind it.
  const last = made.findIndex(({closes}) => closes);
  const polite = last === -1 || mutated ? made : made.slice(0, last + 1);
  const requests = polite.map((request) => (mutated && random() < 0.7 ? mutateRequest(random, request) : request));
  let text = requests.map(textOf).join('');
  if (mutated && random() < 0.4) text = mutateText(random, text);
  const end = random() < 0.08 ? 'reset' : random() < 0.4 ? 'FIN' : 'wait';
  const small = random() < 0.3 && text.length < 3000;
  const pieces = small ? {bytes: pick(random, [1, 3, 50, 400]), milliseconds: random() < 0.2 ? 1 : 0} : undefined;
  return {text, requests, end, pieces, valid: !mutated && end !== 'reset'};
}

export interface FuzzOptions {
  readonly port: number;
  readonly seed: number;
  /** Number of the connection: with the seed, it decides everything that is sent. */
  readonly connection: number;
  /** Milliseconds for a valid pipeline to be answered. */
  readonly patience: number;
}

/** Sends what the seed and the number decide. @returns what was wrong, with the bytes; undefined if nothing was */
export async function fuzzConnection({port, seed, connection, patience}: FuzzOptions): Promise<string | undefined> {
  const random = randomNumbers(seed + connection * 0x9e_37_79_b1);
  const script = makeScript(random, connection);
  const {text, requests, end, pieces, valid} = script;
  const client = openClient(port);
  // Only valid scripts have a HEAD, and their answers come in the order of their requests.
  const isHead = (index: number): boolean => valid && requests[index]?.line.startsWith('HEAD') === true;
  const read = (): ReceivedAll => readResponses(client.text(), client.closed() !== undefined, isHead);
  const data = Buffer.from(text, 'latin1');
  const size = pieces?.bytes ?? data.length;
  const stopAt = end === 'reset' ? below(random, data.length) : data.length;
  for (let at = 0; at < stopAt && client.closed() === undefined; at += size) {
    client.write(data.subarray(at, Math.min(at + size, stopAt)));
    if (pieces !== undefined) await (pieces.milliseconds > 0 ? sleep(pieces.milliseconds) : nextTurn());
  }
  if (end === 'reset') {
    await nextTurn();
    client.reset();
    return undefined;
  }
  if (end === 'FIN') client.finish();
  const isOver = (): boolean => {
    const {responses} = read();
    const last = responses.at(-1);
    return responses.filter(({complete}) => complete).length >= requests.length && last?.closes !== true;
  };
  await client.wait(isOver, Date.now() + (valid ? patience : 400));
  const closed = client.closed();
  client.destroy();
  const wrong = [...judgeIds(text, read()), ...(valid ? judgeValid(script, read(), closed) : [])];
  if (wrong.length === 0) return undefined;
  return [
    `connection ${connection} of ENTRYPOINT_TEST_SEED=${seed} (${valid ? 'valid' : 'mutated'}, ${end}):`,
    ...wrong,
    `sent: ${JSON.stringify(text.length > 6000 ? `${text.slice(0, 6000)}... (${text.length} bytes)` : text)}`,
    `received: ${JSON.stringify(client.text().slice(0, 3000))}`,
  ].join('\n  ');
}

/** The ids of the answers, in their order, are among those that were sent, in their order. */
function judgeIds(text: string, {responses, problems}: ReceivedAll): readonly string[] {
  const wrong = [...problems];
  let at = 0;
  for (const response of responses) {
    const id = valueOf(response, 'x-served');
    // Mutations change ids as well.
    if (id === undefined || !/^f[\da-z]+x\d$/.test(id)) continue;
    const found = text.indexOf(id, at);
    if (found === -1) wrong.push(`an answer to ${id}, which was not asked at this place (RFC 9112 9.3.2)`);
    else at = found + id.length;
    if (response.complete && response.body !== '' && response.status < 400 && !response.body.includes(id))
      wrong.push(`the body of another answer for ${id}: ${JSON.stringify(response.body.slice(0, 80))}`);
  }
  return wrong;
}

/** Valid requests are answered one by one, unless an answer closes the connection and says so. */
function judgeValid({requests}: Script, {responses}: ReceivedAll, closed: string | undefined): readonly string[] {
  for (const [index, {id, certain}] of requests.entries()) {
    // Its body or its handler ends otherwise: the connection may end as well.
    if (!certain) return [];
    const response = responses[index];
    if (response === undefined)
      return [
        `no answer to ${id}, request ${index + 1} of ${requests.length}; connection: ${closed ?? 'open and silent'}`,
      ];
    if (valueOf(response, 'x-served') !== id) return [`${response.status} in place of the answer to ${id}`];
    if (!response.complete) return [`the answer to ${id} is not complete; connection: ${closed ?? 'open'}`];
    if (response.closes) return [];
  }
  return [];
}
