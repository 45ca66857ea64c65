import {setImmediate as nextTurn, setTimeout as sleep} from 'node:timers/promises';
import {openClient} from './client.ts';
import {get, type Message} from './message.ts';
import {readResponses, type ReceivedAll} from './responses.ts';

/** What a server made of a message. */
export interface Exchanged extends ReceivedAll {
  /** How the connection ended: `end` for FIN, else the code of an error; undefined if it stayed open. */
  readonly closed: string | undefined;
  /** Whether the last of `responses` answers the request that was sent to see whether the connection still works. */
  readonly probed: boolean;
}

export interface ExchangeOptions {
  readonly port: number;
  /** Replaces `@id`: three characters, so that lengths in the message stay right. */
  readonly id: string;
  /** Milliseconds for everything that has to happen. Default: 3000 */
  readonly patience?: number;
  /** Sends the message in pieces of this many bytes, each in a turn of the loop of its own. */
  readonly bytes?: number;
}

/** The path of the request behind a message, which shows whether the connection goes on. */
export const probePath = '/probe';

/** The method of each request in a text that was sent. */
export const methodsIn = (sent: string): readonly (string | undefined)[] =>
  [...sent.matchAll(/([A-Z-]+) [/h*]\S* (?:HTTP|RTSP|ICE)\//g)].map(([, method]) => method);

/** Sends a message and collects everything that comes back, until the server has done what it has to do. */
export async function exchange(
  {send, answers, after, behind = true}: Message,
  {port, id, patience = 3000, bytes}: ExchangeOptions,
): Promise<Exchanged> {
  const bytesOf = (text: string): Buffer => Buffer.from(text.replaceAll('@id', id), 'latin1');
  const probe = get(probePath);
  const methods = methodsIn(send.filter((step) => typeof step === 'string').join(''));
  const client = openClient(port);
  const deadline = Date.now() + patience;
  const read = (): ReceivedAll =>
    readResponses(client.text(), client.closed() !== undefined, (index) => methods[index] === 'HEAD');
  const complete = (): number => read().responses.filter((response) => response.complete).length;
  const closes = (): boolean => read().responses.at(-1)?.closes === true;

  const last = send.findLastIndex((step) => typeof step === 'string');
  const next = after === 'closed' && behind && send.at(-1) !== 'FIN' ? probe : '';
  for (const [index, step] of send.entries()) {
    if (typeof step === 'number') await sleep(step);
    else if (step instanceof RegExp) await client.wait(() => step.test(client.text()), deadline);
    else if (step === 'FIN') client.finish();
    else
      for (const piece of pieces(bytesOf(index === last ? step + next : step), bytes)) {
        client.write(piece);
        if (bytes !== undefined) await nextTurn();
      }
  }
  await client.wait(() => complete() >= answers.length && (answers.length > 0 || after !== 'closed'), deadline);
  let probed = false;
  if (after !== 'closed' && client.closed() === undefined && !closes() && complete() > 0) {
    const before = complete();
    client.write(bytesOf(probe));
    await client.wait(() => complete() > before, deadline);
    probed = complete() > before;
  }
  // A server that has announced a close closes; one that has to close does.
  if (after === 'closed' || closes()) await client.wait(() => false, deadline);
  const closed = client.closed();
  client.destroy();
  return {...read(), closed, probed};
}

function* pieces(data: Buffer, size = data.length): Generator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}
