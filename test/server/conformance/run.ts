import {setTimeout as sleep} from 'node:timers/promises';
import {corpus} from './corpus/index.ts';
import {exchange, type ExchangeOptions, type Exchanged} from './exchange.ts';
import {judge} from './judge.ts';
import type {Handler, Message} from './message.ts';

export interface RunOptions {
  readonly port: number;
  readonly handler: Handler;
  /** What the service has printed so far. */
  readonly output: () => string;
  /** Connections at the same time. */
  readonly parallel: number;
  readonly bytes?: ExchangeOptions['bytes'];
  readonly messages?: readonly Message[];
}

/** A message, and what a server made of it. */
export interface Outcome {
  readonly message: Message;
  readonly exchanged: Exchanged;
  readonly id: string;
  readonly ran: readonly string[];
}

/** Sends the corpus to a server. Each message has an id of its own, in all runs. */
export async function sendCorpus({
  port,
  handler,
  output,
  parallel,
  bytes,
  messages = corpus,
}: RunOptions): Promise<readonly Outcome[]> {
  const wanted = messages.filter(({only}) => only === undefined || only === handler);
  const ids = wanted.map(() => (lastId += 1).toString(36));
  const exchanged: Exchanged[] = [];
  const order = [...wanted.keys()].filter((index) => wanted[index]?.alone !== true);
  const send = async (index: number): Promise<void> => {
    const message = wanted[index] as Message;
    const id = ids[index] ?? '';
    exchanged[index] = await exchange(message, {port, id, ...(bytes === undefined ? {} : {bytes})});
  };
  const worker = async (): Promise<void> => {
    for (let index = order.shift(); index !== undefined; index = order.shift()) await send(index);
  };
  await Promise.all(Array.from({length: parallel}, worker));
  for (const [index, {alone}] of wanted.entries()) if (alone === true) await send(index);
  // What the service prints takes its time through the pipes of worker and arbiter.
  await sleep(150);
  const lines = Map.groupBy(
    output()
      .split('\n')
      .flatMap((line) => {
        const match = /^ran (\S+) (.*)$/.exec(line);
        return match === null ? [] : [{id: match[1] ?? '', request: match[2] ?? ''}];
      }),
    (line) => line.id,
  );
  return wanted.map((message, index) => ({
    message,
    id: ids[index] ?? '',
    exchanged: exchanged[index] as Exchanged,
    ran: (lines.get(ids[index] ?? '') ?? []).map(({request}) => request),
  }));
}

/** Ids have three characters. */
let lastId = 36 ** 2;

/** The failed expectations, one text each: the message, what was wrong, and where the rule stands. */
export function complaints(outcomes: readonly Outcome[], handler: Handler): ReadonlyMap<string, string> {
  return new Map(
    outcomes.flatMap((outcome) => {
      const wrong = judge({...outcome, handler});
      return wrong.length === 0
        ? []
        : [[outcome.message.name, `${outcome.message.name} (${outcome.message.rule})\n    ${wrong.join('\n    ')}`]];
    }),
  );
}
