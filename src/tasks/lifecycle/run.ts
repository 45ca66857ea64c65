import {declarationFile} from '../../config/service/file.ts';
import {runtimeOf} from '../../runtimes/index.ts';
import {serveOptions} from '../../runtimes/serve.ts';
import {task} from '../../task.ts';

/** This process becomes the server: same pid, nothing of the CLI left in memory. */
export const run = task(
  'Serve: replace this process with the service',
  serveOptions,
  async (context, values, sources) => {
    const runtime = runtimeOf(context.cwd);
    const served = runtime.serve(context, values, sources);
    if (served.warning !== undefined) context.note(served.warning);
    if ('words' in served) {
      if (runtime.name === 'python' && declarationFile(context.cwd)?.kind === 'toml')
        await (await import('../../config/service/run.ts')).requireConfiguration(context, 'run');
      return context.run.become(served);
    }
    context.say(served.text);
    return served.settings;
  },
);
