import {type Debugger, Session} from 'node:inspector';
import {setTimeout as sleep} from 'node:timers/promises';
import {stackText} from '../process/frames.ts';

const timeoutMilliseconds = 1000;

/** The current stack of a thread of this process, from the inspector: it answers while the thread's event loop does not. */
export async function threadStack(threadId: number): Promise<string | undefined> {
  const session = new Session();
  const paused = Promise.withResolvers<string>();
  const resumed = Promise.withResolvers<void>();
  const urls = new Map<string, string>();
  let post: ((method: string) => void) | undefined;
  session.connect();
  session.on('NodeWorker.attachedToWorker', ({params: {sessionId, workerInfo}}) => {
    // `[worker 2] pool-0`. Not workerId, which numbers them in the order of attachment.
    if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
    let id = 0;
    post = (method) =>
      session.post('NodeWorker.sendMessageToWorker', {sessionId, message: JSON.stringify({id: (id += 1), method})});
    post('Debugger.enable');
    post('Debugger.pause');
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({params}) => {
    const {method, params: event} = JSON.parse(params.message) as {method?: string; params: unknown};
    if (method === 'Debugger.scriptParsed') {
      const {scriptId, url} = event as Debugger.ScriptParsedEventDataType;
      urls.set(scriptId, url);
    } else if (method === 'Debugger.paused') {
      paused.resolve(stackText((event as Debugger.PausedEventDataType).callFrames, urls));
      // A paused thread cannot be terminated.
      post?.('Debugger.resume');
      post?.('Debugger.disable');
    } else if (method === 'Debugger.resumed') resumed.resolve();
  });
  session.post('NodeWorker.enable', {waitForDebuggerOnStart: false});
  const late = sleep(timeoutMilliseconds, undefined, {ref: false});
  const stack = await Promise.race([paused.promise, late]);
  await Promise.race([resumed.promise, late]);
  session.disconnect();
  return stack;
}
