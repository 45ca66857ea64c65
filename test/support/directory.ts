import {chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {after} from 'node:test';

// Only tests import this file: `after` outside of a test run starts one.
const root = realpathSync(mkdtempSync(join(tmpdir(), 'entrypoint-test-')));
// mkdtemp makes private directories; containers with another user read some of these.
chmodSync(root, 0o755);
after(() => rmSync(root, {recursive: true, force: true}));

/** An empty directory, removed when the test file ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(root, 'service-'));
  chmodSync(directory, 0o755);
  return directory;
}

/** A temporary directory with these files; those below a `bin/` are executable. */
export function directoryWith(files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    mkdirSync(dirname(path), {recursive: true});
    writeFileSync(path, text);
    if (name.includes('bin/')) chmodSync(path, 0o755);
  }
  return directory;
}
