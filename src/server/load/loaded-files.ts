import {registerHooks} from 'node:module';
import {sep} from 'node:path';
import {fileURLToPath} from 'node:url';

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
