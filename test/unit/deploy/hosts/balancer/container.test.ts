import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as v from 'valibot';
import {dockerRun} from '../../../../../src/commands/docker/index.ts';
import {balancerContainer} from '../../../../../src/deploy/hosts/balancer/container.ts';
import {loadBalancer} from '../../../../../src/service/schema/load-balancer.ts';
import {wordsText} from '../../../../../src/shell/argv.ts';

const started = (file: object): string =>
  wordsText(
    dockerRun(
      balancerContainer(v.parse(loadBalancer, file), {name: 'buy.prod.balancer', network: 'buy.prod', labels: {}}),
      'detached',
    ).words,
  );

test('a balancer publishes http, and https where it has a certificate', () => {
  assert.equal(
    started({}),
    'docker run --detach --name buy.prod.balancer --network buy.prod --restart always --publish 127.0.0.1::8080 entrypoint/haproxy:3.0',
  );
  assert.equal(
    started({address: '0.0.0.0', port: 80, tls: {certificate: {file: 'pem'}}}),
    'docker run --detach --name buy.prod.balancer --network buy.prod --restart always --publish 0.0.0.0:80:8080 --publish 0.0.0.0:443:8443 entrypoint/haproxy:3.0',
  );
});

test('a balancer publishes at an IPv6 address in brackets, which every version of docker takes', () => {
  assert.match(started({address: '::1'}), / --publish '\[::1\]::8080' /);
  assert.match(started({address: '::', port: 80}), / --publish '\[::\]:80:8080' /);
});

test("beside the user's own HAProxy, the container only drives it", () => {
  assert.equal(
    started({own: {url: 'https://shop'}}),
    'docker run --user 0:0 --detach --name buy.prod.balancer --network host --restart always ' +
      '--volume /run/haproxy:/run/haproxy --volume /etc/haproxy/entrypoint:/etc/haproxy/entrypoint ' +
      '--env LB_ADMIN=/run/haproxy/admin.sock --env LB_MASTER=/run/haproxy/master.sock entrypoint/haproxy:3.0 attend',
  );
});
