import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {request} from 'node:https';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {TLSSocket} from 'node:tls';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {failureText} from './load/outcome.ts';
import {things} from './state.ts';
import type {World} from './world.ts';

/** Balancers that are more than the usual one on each host. */
export function balancers(world: () => World, possible: {skip?: string}): void {
  test('a certificate reaches every host by ssh, a new one replaces it, and its key is printed nowhere', possible, async () => {
    const {fleet, crew, describe} = world();
    crew.run('remove', 'prod');
    const folder = mkdtempSync(join(tmpdir(), 'entrypoint-tls-'));
    try {
      for (const serial of [5, 6]) {
        execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=shop.example.com',
          '-set_serial', String(serial), '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'crt.pem')], {stdio: 'ignore'});
        describe({balancer: `address: 0.0.0.0, port: 8080, tls: {certificate: {file: ${folder}/crt.pem}, key: {env: SHOP_KEY}, port: 8443}`});
        const {code, stdout, stderr} = await crew.start(['--verbose', ...crew.deployWords('A')], undefined, {SHOP_KEY: readFileSync(join(folder, 'key.pem'), 'utf8')}).ended;
        assert.equal(code, 0, stderr);
        assert.match(stderr, /printf '%s\\n' "\$SHOP_KEY"; \} \| ssh [^\n]* lb certificate /);
        assert.doesNotMatch(stdout + stderr, /PRIVATE KEY/);
        for (const host of fleet.hosts) assert.deepEqual(await asked(fleet.addressOf(host)), {serial, status: 200});
      }
    } finally {
      rmSync(folder, {recursive: true});
      crew.run('remove', 'prod');
    }
  });

  test('a HAProxy that the user runs takes part in deploys and rollbacks: nothing is lost, and what else it serves stays', possible, async () => {
    const {fleet, crew, generator, settle} = world();
    const [host = ''] = fleet.hosts;
    const folders = ['/run/haproxy', '/etc/haproxy/entrypoint'].map((folder) => `--volume ${folder}:${folder}`).join(' ');
    const start = `printf '%s\\n' "$0" >/etc/own.cfg && exec haproxy -W -db -S /run/haproxy/master.sock -f /etc/own.cfg -f /etc/haproxy/entrypoint`;
    fleet.on(host, `docker run --detach --name theirs --user 0:0 --network host ${folders} --entrypoint sh ${fleet.registry}/haproxy:3.0 -c '${start.replaceAll("'", `'\\''`)}' "$(cat)"`, ownConfiguration(`${crew.name}.prod`));
    const wish = {hosts: [host], balancer: `own: {url: 'http://${fleet.addressOf(host)}:8080'}`};
    const theirs = async (): Promise<string> => (await fetch(`http://${fleet.addressOf(host)}:8080/theirs`)).text();
    try {
      await settle('A', wish);
      const load = generator.start({addresses: crew.addresses(), perSecond: 80});
      load.expect(undefined);
      await settle('B', wish);
      load.expect('B');
      await sleep(500);
      load.expect(undefined);
      const {code, stderr} = crew.run('rollback', 'prod');
      assert.equal(code, 0, stderr);
      load.expect('A');
      await sleep(500);
      const {failures, stale, twice, sent} = await load.stop();
      assert.equal(failureText(failures), '');
      assert.deepEqual({stale, twice}, {stale: [], twice: []});
      assert.ok(sent > 100, `${sent} requests`);
      assert.equal(await theirs(), 'theirs');
      crew.run('remove', 'prod', '--volumes');
      assert.deepEqual(things(fleet, crew, host), []);
      assert.equal(await theirs(), 'theirs');
    } finally {
      crew.run('remove', 'prod', '--volumes');
      fleet.on(host, 'docker rm --force --volumes theirs; rm -rf /run/haproxy /etc/haproxy/entrypoint');
    }
  });
}

const asked = (host: string): Promise<{serial: number; status: number | undefined}> => new Promise((resolve, reject) => {
  request({host, port: 8443, servername: 'shop.example.com', rejectUnauthorized: false, agent: false}, (answer) => {
    answer.resume();
    resolve({serial: Number.parseInt((answer.socket as TLSSocket).getPeerCertificate().serialNumber, 16), status: answer.statusCode});
  }).once('error', reject).end();
});

// What docs/load-balancer.md says that it must have, and a service of the user's own beside.
const ownConfiguration = (backend: string): string => `
global
    stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners
    hard-stop-after 60s
defaults
    mode http
    option idle-close-on-response
    timeout connect 2s
    timeout client 60s
    timeout server 60s
frontend all
    bind :8080
    use_backend theirs if { path /theirs }
    use_backend %[str(${backend})]
backend theirs
    http-request return status 200 content-type text/plain string theirs
`;
