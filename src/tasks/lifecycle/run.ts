import {serveNode} from '../../runtimes/node/serve.ts';
import {isPythonService} from '../../runtimes/python/program.ts';
import {servePython} from '../../runtimes/python/serve.ts';
import {serveOptions} from '../../runtimes/serve.ts';
import {task} from '../../task.ts';

/** This process becomes the server: same pid, nothing of the CLI left in memory. */
export const run = task(
  'Serve: replace this process with the service',
  serveOptions,
  async (context, values, sources) => {
    const serve = isPythonService(context.cwd) ? servePython : serveNode;
    const served = serve(context, values, sources);
    if ('words' in served) return context.run.become(served);
    context.say(served.text);
    return served.settings;
  },
);
