import {setTimeout as sleep} from 'node:timers/promises';
import type {Member, Members} from './members.ts';
import type {BoundSocket} from './socket.ts';

/**
 * Closes the listening socket without a reset: whoever waits to be accepted when it closes would get one. When all
 * workers have stopped accepting, the last place in its queue is taken by a connection of our own, which is nobody's
 * loss; where a client was quicker, a worker accepts it, and it is tried again.
 * @param milliseconds after which it is closed as it is
 */
export async function closeSocket(socket: BoundSocket, crew: Pick<Members, 'all'>, milliseconds: number): Promise<void> {
  const left: readonly Member[] = crew.all();
  const late = sleep(milliseconds, true, {ref: false});
  let isLate = await Promise.race([Promise.all(left.map((member) => member.lame)).then(() => false), late]);
  while (!isLate && !(await socket.occupy())) {
    const helper = crew.all().find(({state}) => state === 'leaving');
    if (helper === undefined) break;
    const lame = helper.lameAgain();
    helper.send({type: 'straggler'});
    isLate = await Promise.race([lame.then(() => false), late]);
  }
  socket.close();
  for (const member of crew.all()) member.send({type: 'closed'});
}
