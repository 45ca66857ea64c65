// The first file that Node reads. No static import and no new syntax: an old Node must reach the version check.
const version = process.versions.node.split('.');

if (Number(version[0]) * 100 + Number(version[1]) < 2411) {
  process.stderr.write(
    'entrypoint: Node ' +
      process.versions.node +
      ' is too old: entrypoint needs 24.11 or later\n' +
      'fix: install a newer Node (https://nodejs.org), or put it first on PATH\n',
  );
  process.exitCode = 69;
} else {
  cacheCode();
  void import('./all.ts').then((all) => all.start());
}

// Node caches compiled code, and tasks.ts with its types removed: this halves the start-up time.
// NODE_COMPILE_CACHE wins: Node has enabled it already. Where the cache cannot be written, starts are only slower.
function cacheCode(): void {
  const env = process.env;
  if (env['NODE_COMPILE_CACHE']) return;
  try {
    const directory = env['XDG_CACHE_HOME'] || env['HOME'] || '/';
    if (directory === '/') return;
    // Node would create a missing directory; below /proc it would retry forever.
    process.getBuiltinModule('node:fs').accessSync(directory, 2);
    const cache = env['XDG_CACHE_HOME'] ? '/entrypoint' : '/.cache/entrypoint';
    process.getBuiltinModule('node:module').enableCompileCache(directory + cache);
  } catch {
    // Without a cache, starts are only slower.
  }
}
