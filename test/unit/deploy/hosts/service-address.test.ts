import assert from 'node:assert/strict';
import {test} from 'node:test';
import {connectionTo} from '../../../../src/deploy/hosts/connection.ts';
import type {Fleet} from '../../../../src/deploy/hosts/fleet.ts';
import {balancerUrl, onlyOn, taskUrl} from '../../../../src/deploy/hosts/service-address.ts';
import {testContext} from '../../../../src/task.ts';
import {deploymentOf} from './plan/fleets.ts';

interface Reached {
  readonly load_balancer: string;
  readonly host?: string;
  /** What `docker port` prints. */
  readonly port?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The URL of a balancer, the machine on which alone it can be used, and the number of commands that it took. */
async function urlOf({load_balancer, host = 'local', port = '', env = {}}: Reached): Promise<readonly unknown[]> {
  const {context, commands} = testContext({env, respond: () => ({stdout: port})});
  const target = deploymentOf(`hosts: ["${host}"], load_balancer: {${load_balancer}}`);
  const connection = connectionTo(context, host, false);
  const url = await balancerUrl(target, connection);
  return [url, await onlyOn(url, connection), commands.length];
}

test('the URL of a host has its name where the balancer listens on all addresses, and a fixed port takes no command', async () => {
  const all = 'address: 0.0.0.0, port: 80';
  assert.deepEqual(await urlOf({load_balancer: all, host: 'd@h1'}), ['http://h1:80', '', 0]);
  assert.deepEqual(await urlOf({load_balancer: all, host: 'ssh://d@h1:2222'}), ['http://h1:80', '', 0]);
  assert.deepEqual(await urlOf({load_balancer: 'address: 10.0.0.5, port: 80', host: 'd@h1'}), [
    'http://10.0.0.5:80',
    '',
    0,
  ]);
  assert.deepEqual(
    await urlOf({load_balancer: 'address: 0.0.0.0', host: 'd@h1', port: '0.0.0.0:49153\n[::]:49153\n'}),
    ['http://h1:49153', '', 1],
  );
});

test('an IPv6 address is in brackets, whether it is the host’s name or the balancer’s address', async () => {
  const all = 'address: "::", port: 80';
  assert.deepEqual(await urlOf({load_balancer: all, host: 'd@2001:db8::5'}), ['http://[2001:db8::5]:80', '', 0]);
  assert.deepEqual(await urlOf({load_balancer: all, host: 'ssh://d@[2001:db8::5]:2222'}), [
    'http://[2001:db8::5]:80',
    '',
    0,
  ]);
  assert.deepEqual(await urlOf({load_balancer: all, host: 'd@fe80::1%eth0'}), ['http://[fe80::1%25eth0]:80', '', 0]);
  assert.deepEqual(await urlOf({load_balancer: 'address: "2001:db8::6", port: 80', host: 'd@h1'}), [
    'http://[2001:db8::6]:80',
    '',
    0,
  ]);
  assert.deepEqual(await urlOf({load_balancer: 'address: "::"', host: 'd@2001:db8::5', port: '[::]:49153\n'}), [
    'http://[2001:db8::5]:49153',
    '',
    1,
  ]);
  assert.deepEqual(await urlOf({load_balancer: 'address: "::1"', port: '[::1]:49153\n'}), [
    'http://[::1]:49153',
    '',
    1,
  ]);
});

test('on the local engine the URL is that which docker says, with the machine of DOCKER_HOST for all addresses', async () => {
  const port = '127.0.0.1:49153\n';
  const env = {DOCKER_HOST: 'ssh://jo@h5'};
  assert.deepEqual(await urlOf({load_balancer: '', port}), ['http://127.0.0.1:49153', '', 1]);
  assert.deepEqual(await urlOf({load_balancer: 'address: 0.0.0.0', port: '0.0.0.0:80\n', env}), [
    'http://h5:80',
    '',
    1,
  ]);
  const six = {load_balancer: 'address: "::"', port: '[::]:80\n', env: {DOCKER_HOST: 'tcp://[2001:db8::5]:2375'}};
  assert.deepEqual(await urlOf(six), ['http://[2001:db8::5]:80', '', 1]);
  // An address of that machine alone: another service can have it here.
  assert.deepEqual(await urlOf({load_balancer: '', port, env}), ['http://127.0.0.1:49153', 'h5', 1]);
  assert.deepEqual(await urlOf({load_balancer: '', port, env: {DOCKER_HOST: 'tcp://127.0.0.1:2375'}}), [
    'http://127.0.0.1:49153',
    '',
    1,
  ]);
  assert.deepEqual(await urlOf({load_balancer: 'port: 80', host: 'd@h1'}), ['http://127.0.0.1:80', 'h1', 0]);
  assert.deepEqual(await urlOf({load_balancer: 'port: 80', host: 'd@localhost'}), ['http://127.0.0.1:80', '', 0]);
});

const at = (settings: string): string => {
  const target = deploymentOf(settings);
  const [host = ''] = target.settings.load_balancer.hosts;
  const fleet = {dedicated: host !== '', balancers: [{surveyed: {machine: {host}}}]} as unknown as Fleet;
  return taskUrl(target, fleet);
};

test('tasks reach the balancer by its name on their network, or at its address where it is on another machine', () => {
  assert.equal(at('hosts: [d@h1]'), 'http://shop.local.balancer:8080');
  assert.equal(at('load_balancer: {own: {url: "https://[2001:db8::5]"}}'), 'https://[2001:db8::5]');
  const behind = (address: string, host: string): string =>
    at(`hosts: [d@h1], load_balancer: {hosts: ["${host}"], address: "${address}", port: 80}`);
  assert.equal(behind('0.0.0.0', 'd@lb1'), 'http://lb1:80');
  assert.equal(behind('::', 'd@2001:db8::9'), 'http://[2001:db8::9]:80');
  assert.equal(behind('2001:db8::9', 'd@lb1'), 'http://[2001:db8::9]:80');
});
