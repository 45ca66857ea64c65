import {registerHooks} from 'node:module';
import {sep} from 'node:path';
import {fileURLToPath} from 'node:url';

/** From now on, reports every file that this thread loads as code or data, before it is read; dependencies are left out. */
export function reportLoaded(report: (file: string) => void): void {
  registerHooks({
    load: (url, context, next) => {
      if (url.startsWith('file:')) {
        const file = fileURLToPath(new URL(url));
        if (!file.split(sep).includes('node_modules')) report(file);
      }
      return next(url, context);
    },
  });
}
