import assert from 'node:assert/strict';
import {test} from 'node:test';
import {defineConfig} from '../../../../src/config/declaration/index.ts';
import {bootFailure} from '../../../../src/server/load/boot-failure.ts';

test('a service whose configuration is not valid fails with the message alone, and with exit code 3', () => {
  const config = defineConfig({TOKEN: {type: 'text', secret: true}});
  assert.throws(
    () => config.read({env: {}}),
    (error) => {
      const failure = bootFailure(error, 'server.js');
      assert.match(failure.message, /^the configuration is not valid: 1 problem\n {2}TOKEN is not set: expected text;/);
      assert.deepEqual([failure.stack, failure.fix, failure.exitCode], [undefined, undefined, 3]);
      return true;
    },
  );
});
