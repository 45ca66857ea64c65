import {builtinModules} from 'node:module';
import type {Plugin} from 'esbuild';

// Node loads these before our first line: importing them costs nothing.
const loaded = new Set(['fs', 'path', 'url', 'module', 'process', 'buffer', 'util', 'events', 'timers']);

/**
 * Makes the bundle load Node's modules on first use. An `import` of a Node module evaluates all its getters: `node:fs`
 * takes 4 ms of CPU, `node:crypto` 10, where a bare Node starts in 35. In the bundle, functions of a module that Node has
 * not loaded yet load it at their first call. Capitalised names, mostly classes, are loaded at once if they are used.
 */
export const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(build) {
    build.onResolve({filter: /^(node:)?[a-z_/]+$/}, ({path, kind}) => {
      const name = path.replace(/^node:/, '');
      if (!builtinModules.includes(name)) return undefined;
      return {path: name, namespace: kind === 'require-call' ? 'required' : 'builtin', sideEffects: false};
    });
    build.onLoad({filter: /.*/, namespace: 'builtin'}, ({path}) => ({contents: moduleText(path), loader: 'js'}));
    // As it is: the exports of a module above would all be read, and a getter of `process` opens the standard input.
    build.onLoad({filter: /.*/, namespace: 'required'}, ({path}) => ({
      contents: `module.exports = ${fetchText(path)};`,
      loader: 'js',
    }));
  },
};

function moduleText(name: string): string {
  const found = process.getBuiltinModule(`node:${name}`) as Record<string, unknown>;
  const fetch = fetchText(name);
  const names = Object.keys(found).filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== 'default');
  const later = (key: string): boolean => !loaded.has(name) && /^[a-z]/.test(key) && typeof found[key] === 'function';
  const lines = names.map((key) =>
    later(key)
      ? `export const ${key} = (...words) => ${fetch}.${key}(...words);`
      : `export const ${key} = /* @__PURE__ */ (() => ${fetch}.${key})();`,
  );
  return [...lines, `export default /* @__PURE__ */ (() => ${fetch})();`].join('\n');
}

const fetchText = (name: string): string => `process.getBuiltinModule("node:${name}")`;
