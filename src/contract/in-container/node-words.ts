import type {Words} from '../../shell/argv.ts';

// The functions in this directory run in a helper container: their source text is passed to Node there. So each one is
// self-contained: no imports, no outer names, built-in modules through `process.getBuiltinModule`.

/** The words that run such a function in a container with node. It prints the function's result as JSON. */
export function nodeWords<A>(body: (argument: A) => unknown, argument: NoInfer<A>): Words {
  const call = `(${body.toString()})(${JSON.stringify(argument)})`;
  return ['node', '--eval', `Promise.resolve(${call}).then((result) => process.stdout.write(JSON.stringify(result)))`];
}
