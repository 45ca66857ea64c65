import {registerHooks} from 'node:module';
import {sep} from 'node:path';
import {fileURLToPath} from 'node:url';
import {BroadcastChannel} from 'node:worker_threads';

// Pool threads load the service in their own right, and can speak to the process by this only.
const channelName = 'entrypoint.loaded-files';

/** From now on, tells of every file that this thread loads as code or data, before it is looked at; not of dependencies. */
export function reportLoaded(tell: (file: string) => void): void {
  registerHooks({
    load: (url, context, next) => {
      if (url.startsWith('file:')) {
        const file = fileURLToPath(new URL(url));
        if (!file.split(sep).includes('node_modules')) tell(file);
      }
      return next(url, context);
    },
  });
}

/** The same in a pool thread; the process must listen by `hearThreads`. */
export function reportFromThread(): void {
  const channel = new BroadcastChannel(channelName);
  channel.unref();
  reportLoaded((file) => channel.postMessage(file));
}

/** Hears what pool threads load. */
export function hearThreads(tell: (file: string) => void): void {
  const channel = new BroadcastChannel(channelName);
  channel.unref();
  channel.onmessage = (event: unknown) => tell(String((event as {data: unknown}).data));
}
