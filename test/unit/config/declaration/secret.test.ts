import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {test} from 'node:test';
import {format, inspect} from 'node:util';
import {defineConfig, isSecret, secret} from '../../../../src/config/declaration/index.ts';

const planted = 'c0rrect-h0rse-battery';
const config = defineConfig({PASSWORD: {type: 'text', secret: true}, KEYS: {type: 'JSON', secret: true}}).read({
  env: {PASSWORD: planted, KEYS: `["${planted}"]`},
});

test('only reveal() shows a secret', () => {
  assert.equal(config.PASSWORD.reveal(), planted);
  assert.deepEqual(config.KEYS.reveal(), [planted]);
  assert.ok(isSecret(config.KEYS));
  assert.equal(`${secret(planted)}`, '[secret value]');
});

test('a secret stays redacted in JSON, inspect, console, templates, copies and causes', () => {
  const error = new Error(`cannot log in with ${config.PASSWORD}`, {cause: {config, secrets: [config.PASSWORD]}});
  const shown = [
    JSON.stringify({config, deep: [[config]]}),
    inspect(config),
    inspect(config, {showHidden: true, depth: null, getters: true, showProxy: true}),
    inspect(config.PASSWORD, {customInspect: false, showHidden: true, depth: null}),
    format('%s %o %O %j %d', config.PASSWORD, config.PASSWORD, config, config, config.PASSWORD),
    `${config.PASSWORD}`,
    // What happens in services by accident.
    // oxlint-disable-next-line prefer-template
    'x' + (config.PASSWORD as unknown as string),
    String(config.PASSWORD),
    [config.PASSWORD].join(),
    JSON.stringify({...config.PASSWORD}),
    inspect({...config}),
    inspect(Object.assign({}, config.PASSWORD)),
    JSON.stringify(Object.getOwnPropertyDescriptors(config.PASSWORD)),
    inspect(new Map([[config.PASSWORD, config]])),
    inspect(error),
    inspect(structuredClone(config), {showHidden: true}),
    String(error.stack),
    JSON.stringify(error, Object.getOwnPropertyNames(error)),
    encodeURIComponent(String(config.PASSWORD)),
    new URLSearchParams({password: config.PASSWORD as unknown as string}).toString(),
  ];
  for (const [at, text] of shown.entries()) assert.ok(!text.includes(planted), `${at}: ${text}`);
  assert.equal(inspect(config), '{ PASSWORD: [secret PASSWORD], KEYS: [secret KEYS] }');
  assert.equal(JSON.stringify(config), '{"PASSWORD":"[secret PASSWORD]","KEYS":"[secret KEYS]"}');
});

test('an error page of HTTP that prints all that it has shows no secret', async (t) => {
  const server = createServer((_, response) => {
    const error = new Error(`no connection with ${config.PASSWORD}`, {cause: config});
    response.statusCode = 500;
    response.end(
      `${error.stack}\n${inspect(error, {depth: null, showHidden: true})}\n${JSON.stringify({error, config})}`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const page = await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).text();
  assert.match(page, /no connection with \[secret PASSWORD\]/);
  assert.ok(!page.includes(planted));
});
