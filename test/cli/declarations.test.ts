import assert from 'node:assert/strict';
import {existsSync, globSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {test} from 'node:test';

const types = join(import.meta.dirname, '../../dist/types');

test('the package has each declaration that one of its declarations imports', () => {
  const files = globSync('**/*.d.ts', {cwd: types});
  assert.ok(files.includes('index.d.ts'), files.join(', '));
  const missing = files.flatMap((file) =>
    // Whole statements: docstrings have imports in their examples.
    [...readFileSync(join(types, file), 'utf8').matchAll(/^(?:import|export) [^'"]*from ['"](\.[^'"]+)\.ts['"]/gm)]
      .map(([, path = '']) => join(dirname(file), `${path}.d.ts`))
      .filter((path) => !existsSync(join(types, path))),
  );
  assert.deepEqual(missing, []);
});
