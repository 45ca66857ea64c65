import {requireConfiguration} from '../../config/service/index.ts';
import {serveOptions} from '../../runtimes/serve.ts';
import {task} from '../../task.ts';

/** This process becomes the server: same pid, nothing of the CLI left in memory. */
export const run = task(
  'Serve: replace this process with the service',
  serveOptions,
  async (context, values, sources) => {
    const {runtimeOf} = await import('../../runtimes/index.ts');
    const served = runtimeOf(context.cwd).serve(context, values, sources);
    if (served.warning !== undefined) context.note(served.warning);
    if ('words' in served) {
      await requireConfiguration(context, 'run');
      return context.run.become(served);
    }
    context.say(served.text);
    return served.settings;
  },
);
