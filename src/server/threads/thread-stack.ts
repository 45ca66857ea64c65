import {type Debugger, Session} from 'node:inspector';
import {setTimeout as sleep} from 'node:timers/promises';
import {stackText} from '../process/frames.ts';

const mostMilliseconds = 1000;

/** Where a thread of this process is, asked through the inspector: it answers while the thread's loop does not. */
export async function threadStack(threadId: number): Promise<string | undefined> {
  const session = new Session();
  const paused = Promise.withResolvers<string>();
  const resumed = Promise.withResolvers<void>();
  const urls = new Map<string, string>();
  let ask: ((method: string) => void) | undefined;
  session.connect();
  session.on('NodeWorker.attachedToWorker', ({params: {sessionId, workerInfo}}) => {
    // `[worker 2] pool-0`: workerId only counts as they are attached.
    if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
    let id = 0;
    ask = (method) =>
      session.post('NodeWorker.sendMessageToWorker', {sessionId, message: JSON.stringify({id: (id += 1), method})});
    ask('Debugger.enable');
    ask('Debugger.pause');
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({params}) => {
    const {method, params: facts} = JSON.parse(params.message) as {method?: string; params: unknown};
    if (method === 'Debugger.scriptParsed') {
      const {scriptId, url} = facts as Debugger.ScriptParsedEventDataType;
      urls.set(scriptId, url);
    } else if (method === 'Debugger.paused') {
      paused.resolve(stackText((facts as Debugger.PausedEventDataType).callFrames, urls));
      // A thread that is paused cannot be ended either.
      ask?.('Debugger.resume');
      ask?.('Debugger.disable');
    } else if (method === 'Debugger.resumed') resumed.resolve();
  });
  session.post('NodeWorker.enable', {waitForDebuggerOnStart: false});
  const late = sleep(mostMilliseconds, undefined, {ref: false});
  const stack = await Promise.race([paused.promise, late]);
  await Promise.race([resumed.promise, late]);
  session.disconnect();
  return stack;
}
