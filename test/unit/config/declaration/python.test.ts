import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {stringify} from 'smol-toml';
import {defineConfig, type Origin} from '../../../../src/config/declaration/index.ts';
import {everyType, faultyEnvironment, files} from '../../../support/config/faulty.ts';
import {temporaryDirectory} from '../../../support/directory.ts';
import {all} from '../../../support/long.ts';

const root = join(import.meta.dirname, '../../../..');
const config = defineConfig(everyType);

interface Said {
  readonly message: string | null;
  readonly warnings: readonly string[];
  readonly origins: Readonly<Record<string, string>>;
}

function inTypeScript(env: Readonly<Record<string, string>>): Said {
  const warnings: string[] = [];
  const origins = Object.fromEntries(
    Object.entries(config.report({env}).origins).map(([name, origin]) => [name, originText(origin)]),
  );
  try {
    config.read({env, warn: (text) => warnings.push(text)});
    return {message: null, warnings, origins};
  } catch (error) {
    return {message: (error as Error).message, warnings, origins};
  }
}

const originText = (origin: Origin): string => (origin.from === 'file' ? `file ${origin.path}` : origin.from);

test('TypeScript and Python say the same about 200 faulty environments, byte for byte', () => {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(files))
    if (content !== undefined) writeFileSync(join(directory, name), content);
  mkdirSync(join(directory, 'service'));
  writeFileSync(join(directory, 'service/pyproject.toml'), stringify({tool: {entrypoint: {config: everyType}}}));
  const count = all ? 5000 : 200;
  // More are generated than compared: some of them are valid.
  const environments = fc
    .sample(faultyEnvironment(directory), {numRuns: count * 2, seed: 7})
    .filter((env) => inTypeScript(env).message !== null)
    .slice(0, count);
  assert.equal(environments.length, count);
  const {stdout, stderr} = spawnSync(
    'python3',
    [join(root, 'test/support/config/messages.py'), join(directory, 'service')],
    {
      input: JSON.stringify(environments),
      encoding: 'utf8',
      env: {...process.env, PYTHONPATH: join(root, 'images/python/lib'), PYTHONDONTWRITEBYTECODE: '1'},
      maxBuffer: 1e9,
    },
  );
  assert.equal(stderr, '');
  const said = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Said);
  for (const [at, env] of environments.entries()) assert.deepEqual(said[at], inTypeScript(env), JSON.stringify(env));
});
