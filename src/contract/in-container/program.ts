import type {Words} from '../../shell/argv.ts';

// The functions in this directory run in a helper container, not here: their text is handed to Node. So each of them
// stands alone: no imports, no names from outside, built-in modules by `process.getBuiltinModule`.

/** Words that run such a function in a container that has node, and print what it returns as JSON. */
export function insideWords<A>(body: (argument: A) => unknown, argument: NoInfer<A>): Words {
  const call = `(${body.toString()})(${JSON.stringify(argument)})`;
  return ['node', '--eval', `Promise.resolve(${call}).then((found) => process.stdout.write(JSON.stringify(found)))`];
}
