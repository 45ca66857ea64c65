import {builtinModules} from 'node:module';
import type {Plugin} from 'esbuild';

// Node has these at work before our first line: taking from them costs nothing.
const loaded = new Set(['fs', 'path', 'url', 'module', 'process', 'buffer', 'util', 'events', 'timers']);

/**
 * An `import` of a Node module costs: it evaluates every getter of it (`node:fs` 4 ms, `node:crypto` 10 ms of CPU,
 * where a bare Node starts in 35). In the bundle, a module is fetched as it is, and the functions of one that is
 * not in memory yet fetch it at their first call. (Names with a capital, classes mostly, are fetched where they are used at all.)
 */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({filter: /^(node:)?[a-z_/]+$/}, ({path}) => {
      const name = path.replace(/^node:/, '');
      if (!builtinModules.includes(name)) return undefined;
      return {path: name, namespace: 'builtin', sideEffects: false};
    });
    build.onLoad({filter: /.*/, namespace: 'builtin'}, ({path}) => ({contents: moduleText(path), loader: 'js'}));
  },
};

function moduleText(name: string): string {
  const found = process.getBuiltinModule(`node:${name}`) as Record<string, unknown>;
  const fetch = `process.getBuiltinModule("node:${name}")`;
  const names = Object.keys(found).filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== 'default');
  const later = (key: string): boolean => !loaded.has(name) && /^[a-z]/.test(key) && typeof found[key] === 'function';
  const lines = names.map((key) =>
    later(key)
      ? `export const ${key} = (...words) => ${fetch}.${key}(...words);`
      : `export const ${key} = /* @__PURE__ */ (() => ${fetch}.${key})();`,
  );
  return [...lines, `export default /* @__PURE__ */ (() => ${fetch})();`].join('\n');
}
