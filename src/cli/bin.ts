// The first file that Node reads. No static import and no new syntax, so that an old Node gets as far as the check.
const version = process.versions.node.split('.');

if (Number(version[0]) * 100 + Number(version[1]) < 2411) {
  process.stderr.write(
    'entrypoint: Node ' +
      process.versions.node +
      ' is too old, and entrypoint needs 24.11 or later\n' +
      'fix: install a newer Node (https://nodejs.org), or put it first on PATH\n',
  );
  process.exitCode = 69;
} else {
  cacheCode();
  void import('./all.ts').then((all) => all.start());
}

// Node keeps what it compiled, and with it tasks.ts without its types: this halves the time of a start.
// NODE_COMPILE_CACHE wins (Node has seen to it already). Where nothing can be written, all works, only slower.
function cacheCode(): void {
  const env = process.env;
  if (env['NODE_COMPILE_CACHE']) return;
  try {
    const directory = env['XDG_CACHE_HOME'] || env['HOME'] || '/';
    if (directory === '/') return;
    // Below a directory that is not there, Node would create it, or (below /proc) try so for ever.
    process.getBuiltinModule('node:fs').accessSync(directory, 2);
    const cache = env['XDG_CACHE_HOME'] ? '/entrypoint' : '/.cache/entrypoint';
    process.getBuiltinModule('node:module').enableCompileCache(directory + cache);
  } catch {
    // A start without a cache is a start.
  }
}
