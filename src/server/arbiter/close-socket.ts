import {setTimeout as sleep} from 'node:timers/promises';
import type {QueueState} from '../process/messages.ts';
import type {BoundSocket} from './socket.ts';
import type {Member, Members} from './workers.ts';

/** A client that began a handshake may have gone away: what it left is not waited for longer. */
const halfOpenMilliseconds = 1500;
/** Its ACK was dropped when the queue was full. It comes again with the request, 200 ms later or more (Linux's least RTO). */
const againMilliseconds = 250;
/** Where the worker cannot even connect to the address, it stays as uncertain as it is. */
const mostTries = 100;

/**
 * Closes the listening socket without a reset: whoever waits to be accepted when it closes would get one. So, when all
 * workers have stopped accepting, one of them takes who came meanwhile, again and again until nobody has.
 * @param milliseconds after which it is closed as it is
 */
export async function closeSocket(
  socket: BoundSocket,
  crew: Pick<Members, 'all'>,
  milliseconds: number,
): Promise<void> {
  const workers: readonly Member[] = crew.all();
  const late = sleep(milliseconds, 'late' as const, {ref: false});
  let queue: QueueState | 'late' | undefined = await Promise.race([
    Promise.all(workers.map((member) => member.lame)).then(() => undefined),
    late,
  ]);
  const patient = Date.now() + halfOpenMilliseconds;
  for (
    let tries = 0;
    tries < mostTries && socket.handle !== undefined && queue !== 'late' && queue !== 'empty';
    tries += 1
  ) {
    const helper = crew.all().find(({state}) => state === 'leaving');
    if (helper === undefined || (queue === 'half-open' && Date.now() > patient)) break;
    queue = await Promise.race([helper.clear(queue === 'half-open' ? againMilliseconds : 0), late]);
  }
  socket.close();
  for (const member of crew.all()) member.send({type: 'closed'});
}
