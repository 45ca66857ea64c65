import {registerHooks} from 'node:module';
import {sep} from 'node:path';
import {fileURLToPath} from 'node:url';

/** What `require` appends to a name. */
const endings = ['', '.js', '.json', '.ts', '/index.js'];

/**
 * From now on, reports every file that this thread loads as code or data, before it is read, and those that it looks for
 * and does not find. Dependencies are left out.
 */
export function reportLoaded(report: (file: string) => void): void {
  const own = (url: URL): void => {
    const file = fileURLToPath(url);
    if (!file.split(sep).includes('node_modules')) report(file);
  };
  registerHooks({
    resolve: (specifier, context, next) => {
      try {
        return next(specifier, context);
      } catch (error) {
        if (/^\.{0,2}\//.test(specifier) && context.parentURL?.startsWith('file:') === true)
          for (const ending of endings) own(new URL(`${specifier}${ending}`, context.parentURL));
        throw error;
      }
    },
    load: (url, context, next) => {
      if (url.startsWith('file:')) own(new URL(url));
      return next(url, context);
    },
  });
}
