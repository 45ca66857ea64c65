import {Session} from 'node:inspector';
import type {Debugger} from 'node:inspector';
import {stackText} from '../stack-text.ts';

const mostMilliseconds = 1000;

/** Where a thread of this process is, asked through the inspector: it answers while the thread's loop does not. */
export async function threadStack(threadId: number): Promise<string | undefined> {
  const session = new Session();
  const {promise, resolve} = Promise.withResolvers<string | undefined>();
  const urls = new Map<string, string>();
  try {
    session.connect();
    session.on('NodeWorker.attachedToWorker', ({params: {sessionId, workerInfo}}) => {
      // `[worker 2] pool-0`: workerId only counts as they are attached.
      if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
      for (const [id, method] of ['Debugger.enable', 'Debugger.pause'].entries()) {
        session.post('NodeWorker.sendMessageToWorker', {sessionId, message: JSON.stringify({id, method})});
      }
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({params}) => {
      const {method, params: facts} = JSON.parse(params.message) as {method?: string; params: unknown};
      if (method === 'Debugger.scriptParsed') {
        const {scriptId, url} = facts as Debugger.ScriptParsedEventDataType;
        urls.set(scriptId, url);
      } else if (method === 'Debugger.paused') resolve(stackText((facts as Debugger.PausedEventDataType).callFrames, urls));
    });
    session.post('NodeWorker.enable', {waitForDebuggerOnStart: false});
    const timer = setTimeout(() => resolve(undefined), mostMilliseconds);
    return await promise.finally(() => clearTimeout(timer));
  } catch {
    return undefined;
  } finally {
    // Also lets the thread go on, so that it can be ended.
    session.disconnect();
  }
}
