import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {parseDeployFile} from '../../../src/service/deploy-file.ts';
import {formerNameNote, plainName, readService} from '../../../src/service/service.ts';
import {directoryWith} from '../../support/directory.ts';

test('a name alone on its line is found without the YAML library', () => {
  assert.equal(plainName('# ours\nservice: shop\nport: 80\n'), 'shop');
  assert.equal(plainName('port: 80\r\nservice:  shop-2  # the shop\r\n'), 'shop-2');
});

test('any other spelling is left to the YAML library', () => {
  for (const text of [
    '',
    'port: 80\n',
    'service: "shop"\n',
    'service:\n  shop\n',
    'service: Shop\n',
    'service: true\n',
    'service: 7\n',
    'service: shop\n"service": other\n',
    '{service: shop}\n',
    ' service: shop\n',
    'service: shop-\n',
    'service: shop\n  and more\n',
    'service: a\nservice: b\n',
  ]) {
    assert.equal(plainName(text), undefined, text);
  }
});

test('a name found without the YAML library is the one the library finds', () => {
  const word = fc.stringMatching(/^[a-z0-9-]{1,42}$/);
  fc.assert(
    fc.property(word, fc.constantFrom('', ' ', '\t# c', '\r'), (name, end) => {
      const text = `port: 80\nservice: ${name}${end}\n`;
      const found = plainName(text);
      if (found !== undefined) assert.equal(parseDeployFile(text).service, found);
    }),
  );
});

test('a name that is too long for a host name is refused, with what to write', async () => {
  const cwd = directoryWith({'package.json': JSON.stringify({name: 'a'.repeat(64)})});
  await assert.rejects(readService({cwd, env: {}}), {code: 'bad_service_name', exitCode: 65, fix: /service: NAME/});
  const shorter = directoryWith({
    'package.json': JSON.stringify({name: 'a'.repeat(64)}),
    'deploy.yaml': 'service: shop\n',
  });
  assert.equal((await readService({cwd: shorter, env: {}})).name, 'shop');
});

const named = (name: string) =>
  readService({cwd: directoryWith({'package.json': JSON.stringify({name})}), env: {}}).then((one) => [
    one.name,
    one.formerName,
  ]);

test('scopes make different services, which say what they were called before', async () => {
  assert.deepEqual(await named('@a/x'), ['a-x', 'x']);
  assert.deepEqual(await named('@b/x'), ['b-x', 'x']);
  assert.deepEqual(await named('x'), ['x', undefined]);
  assert.equal(formerNameNote({}), undefined);
  assert.match(formerNameNote({formerName: 'x'}) ?? '', /add to deploy\.yaml: service: x$/);
});
