import assert from 'node:assert/strict';
import {mkdtempSync, rmSync} from 'node:fs';
import {request} from 'node:https';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import type {TLSSocket} from 'node:tls';
import {makeCertificate} from '../support/certificate.ts';
import {ownConfiguration} from '../support/own-haproxy.ts';
import {failureText} from './load/outcome.ts';
import {things} from './state.ts';
import type {World} from './world.ts';

/** Balancers other than the default one on each host. */
export function balancers(world: () => World, possible: {skip?: string}): void {
  test(
    'a certificate reaches every host by ssh, a new one replaces it, and its key is never printed',
    possible,
    async () => {
      const {fleet, service, describe} = world();
      service.run('remove', 'prod');
      const directory = mkdtempSync(join(tmpdir(), 'entrypoint-tls-'));
      try {
        for (const serial of [5, 6]) {
          const {key} = makeCertificate(directory, serial);
          describe({
            balancer: `address: 0.0.0.0, port: 8080, tls: {certificate: {file: ${directory}/crt.pem}, key: {env: SHOP_KEY}, port: 8443}`,
          });
          const {code, stdout, stderr} = await service.start(['--verbose', ...service.deployWords('A')], undefined, {
            SHOP_KEY: key,
          }).ended;
          assert.equal(code, 0, stderr);
          assert.match(stderr, /printf '%s\\n' "\$SHOP_KEY"; \} \| ssh [^\n]* lb certificate /);
          assert.doesNotMatch(stdout + stderr, /PRIVATE KEY/);
          for (const host of fleet.hosts) assert.deepEqual(await asked(fleet.addressOf(host)), {serial, status: 200});
        }
      } finally {
        rmSync(directory, {recursive: true});
        service.run('remove', 'prod');
      }
    },
  );

  test(
    "the user's own HAProxy takes part in deploys and rollbacks: nothing is lost, and its other backends stay",
    possible,
    async () => {
      const {fleet, service, generator, settle} = world();
      const [host = ''] = fleet.hosts;
      const directories = ['/run/haproxy', '/etc/haproxy/entrypoint']
        .map((directory) => `--volume ${directory}:${directory}`)
        .join(' ');
      const start = `printf '%s\\n' "$0" >/etc/own.cfg && exec haproxy -W -db -S /run/haproxy/master.sock -f /etc/own.cfg -f /etc/haproxy/entrypoint`;
      fleet.on(
        host,
        `docker run --detach --name theirs --user 0:0 --network host ${directories} --entrypoint sh ${fleet.registry}/haproxy:3.0 -c '${start.replaceAll("'", `'\\''`)}' "$(cat)"`,
        ownConfiguration(`${service.name}.prod`),
      );
      const settings = {hosts: [host], balancer: `own: {url: 'http://${fleet.addressOf(host)}:8080'}`};
      const theirs = async (): Promise<string> => (await fetch(`http://${fleet.addressOf(host)}:8080/theirs`)).text();
      try {
        await settle('A', settings);
        const load = generator.start({addresses: service.addresses(), perSecond: 80});
        load.expect(undefined);
        await settle('B', settings);
        load.expect('B');
        await sleep(500);
        load.expect(undefined);
        const {code, stderr} = service.run('rollback', 'prod');
        assert.equal(code, 0, stderr);
        load.expect('A');
        await sleep(500);
        const {failures, stale, twice, sent} = await load.stop();
        assert.equal(failureText(failures), '');
        assert.deepEqual({stale, twice}, {stale: [], twice: []});
        assert.ok(sent > 100, `${sent} requests`);
        assert.equal(await theirs(), 'theirs');
        service.run('remove', 'prod', '--volumes');
        assert.deepEqual(things(fleet, service, host), []);
        assert.equal(await theirs(), 'theirs');
      } finally {
        service.run('remove', 'prod', '--volumes');
        fleet.on(host, 'docker rm --force --volumes theirs; rm -rf /run/haproxy /etc/haproxy/entrypoint');
      }
    },
  );
}

const asked = (host: string): Promise<{serial: number; status: number | undefined}> =>
  new Promise((resolve, reject) => {
    request({host, port: 8443, servername: 'shop.example.com', rejectUnauthorized: false, agent: false}, (answer) => {
      answer.resume();
      resolve({
        serial: Number.parseInt((answer.socket as TLSSocket).getPeerCertificate().serialNumber, 16),
        status: answer.statusCode,
      });
    })
      .once('error', reject)
      .end();
  });
