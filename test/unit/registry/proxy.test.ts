import assert from 'node:assert/strict';
import {test} from 'node:test';
import {allowsInsecure} from '../../../src/registry/access.ts';
import {inNetwork, proxyFor} from '../../../src/registry/proxy.ts';

const proxied = (url: string, env: Record<string, string>): string | undefined => proxyFor(new URL(url), env);
const proxy = 'http://proxy:3128';

test('the proxy is that of the scheme, in capitals or lower case, with or without its own scheme', () => {
  assert.equal(proxied('https://ghcr.io/v2/', {HTTPS_PROXY: proxy}), proxy);
  assert.equal(proxied('https://ghcr.io/v2/', {https_proxy: 'proxy:3128', HTTPS_PROXY: 'http://other'}), proxy);
  assert.equal(proxied('https://ghcr.io/v2/', {HTTP_PROXY: proxy}), undefined);
  assert.equal(proxied('http://lan:5000/v2/', {HTTP_PROXY: proxy}), proxy);
});

test('this machine, and what NO_PROXY names, is asked directly', () => {
  for (const url of ['https://127.0.0.1:5000/', 'http://localhost/', 'https://[::1]:5000/'])
    assert.equal(proxied(url, {HTTPS_PROXY: proxy, HTTP_PROXY: proxy}), undefined, url);
  for (const [url, entry, direct] of [
    ['https://reg.example/', 'reg.example', true],
    ['https://reg.example/', 'other, example', true],
    ['https://reg.example/', '.example', true],
    ['https://example/', '.example', false],
    ['https://reg.example/', '*.example', true],
    ['https://reg.example:5000/', 'reg.example:5000', true],
    ['https://reg.example/', 'reg.example:5000', false],
    ['https://notreg.example/', 'reg.example', false],
    ['https://10.1.2.3/', '10.0.0.0/8', true],
    ['https://11.1.2.3/', '10.0.0.0/8', false],
    ['https://ghcr.io/', '*', true],
  ] as const)
    assert.equal(proxied(url, {HTTPS_PROXY: proxy, no_proxy: entry}) === undefined, direct, `${url} ${entry}`);
});

test('an address is in a network of its own version only', () => {
  assert.equal(inNetwork('fd00::7', 'fd00::/8'), true);
  for (const [address, network] of [
    ['10.0.0.1', 'fd00::/8'],
    ['reg.example', '10.0.0.0/8'],
    ['10.0.0.1', '10.0.0.0/99'],
    ['10.0.0.1', 'reg.example/path'],
  ] as const)
    assert.equal(inNetwork(address, network), false, `${address} ${network}`);
});

test('a registry is insecure by its name, or by an address in one of the networks', () => {
  const config = {
    InsecureRegistryCIDRs: ['127.0.0.0/8', '10.0.0.0/8'],
    IndexConfigs: {'lan:5000': {Secure: false}, 'docker.io': {Secure: true}},
  };
  assert.equal(allowsInsecure(config, 'lan:5000', []), true);
  assert.equal(allowsInsecure(config, 'docker.io', ['10.0.0.1']), false);
  assert.equal(allowsInsecure(config, 'reg.example', ['192.0.2.1', '10.0.0.1']), true);
  assert.equal(allowsInsecure(config, 'reg.example', ['192.0.2.1']), false);
  assert.equal(allowsInsecure({InsecureRegistryCIDRs: null, IndexConfigs: null}, 'lan:5000', ['10.0.0.1']), false);
  assert.equal(allowsInsecure(null, 'lan:5000', []), false);
});
