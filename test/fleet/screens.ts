import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {temporaryDirectory} from '../support/directory.ts';
import {normalised, onTerminal, screenOf} from '../support/terminal.ts';
import {entrypoint} from './service.ts';
import type {World} from './world.ts';

/** deploy.yaml of a service whose names are as long each time. */
const deployFile = (hosts: readonly string[], registry: string): string => `service: shop
registry: ${registry}
environments:
  prod:
    hosts: [${hosts.join(', ')}]
    replicas: 2
    watch_seconds: 0
    load_balancer: {image: '${registry}/haproxy:3.0', address: 0.0.0.0, port: 8181}
`;

/** The screen without what differs between two fleets: their names and addresses, and which host was quicker. */
const screenOfDeploy = async (output: string): Promise<string> =>
  normalised(byHost(await screenOf(output)))
    .replaceAll(/\b(fleet|service)-[0-9a-f]{8}\b/g, '$1')
    .replaceAll(/\b\d+\.\d+\.\d+\.\d+\b/g, 'ADDRESS')
    // The configuration of a balancer grows.
    .replaceAll(/\d+ lines, [\d.]+ kB/g, 'LINES')
    // How much of it is shown depends on the length of the addresses.
    .replaceAll(/(?<= {2}pull )\S+/g, 'IMAGE');

const deployScreen = `✓     N s  fleet-h1  pull IMAGE
  $ ssh …17 options fleet-h1 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h2  pull IMAGE
  $ ssh …17 options fleet-h2 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h3  pull IMAGE
  $ ssh …17 options fleet-h3 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h1  take the lock
  $ ssh …17 options fleet-h1 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h2  take the lock
  $ ssh …17 options fleet-h2 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h3  take the lock
  $ ssh …17 options fleet-h3 -- 'sh -c '\\''PATH=…SIZE'
# release 2 of shop.prod: ADDRESS:5000/service@sha256:ID…
✓     N s  fleet-h1  start shop.prod.2.1, shop.prod.2.2; await the he…
  $ ssh …17 options fleet-h1 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h2  start shop.prod.2.1, shop.prod.2.2; await the he…
  $ ssh …17 options fleet-h2 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h3  start shop.prod.2.1, shop.prod.2.2; await the he…
  $ ssh …17 options fleet-h3 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h1  switch to shop.prod/1b, shop.prod/2b; drain shop…
  $ ssh …18 options fleet-h1 -- …2 words …LINES
✓     N s  fleet-h2  switch to shop.prod/1b, shop.prod/2b; drain shop…
  $ ssh …18 options fleet-h2 -- …2 words …LINES
✓     N s  fleet-h3  switch to shop.prod/1b, shop.prod/2b; drain shop…
  $ ssh …18 options fleet-h3 -- …2 words …LINES
✓     N s  fleet-h1  write the release log; stop shop.prod.1.2, shop.…
  $ ssh …17 options fleet-h1 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h2  write the release log; stop shop.prod.1.2, shop.…
  $ ssh …17 options fleet-h2 -- 'sh -c '\\''PATH=…SIZE'
✓     N s  fleet-h3  write the release log; stop shop.prod.1.2, shop.…
  $ ssh …17 options fleet-h3 -- 'sh -c '\\''PATH=…SIZE'

shop release 2 serves in prod
address  http://fleet-h1:8181
         http://fleet-h2:8181
         http://fleet-h3:8181
image    ADDRESS:5000/service
digest   sha256:DIGEST
next     entrypoint status prod
         entrypoint logs prod
         entrypoint rollback prod   # to release 1
`;

/** What a person sees of a deploy to several hosts. */
export function screens(world: () => World, possible: {skip?: string}): void {
  test('the screen of a deploy to three hosts, on a terminal of 80 columns', possible, async () => {
    const {fleet, service} = world();
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'deploy.yaml'), deployFile(fleet.hosts, fleet.registry));
    const run = (...words: readonly string[]): ReturnType<typeof onTerminal>['ended'] =>
      onTerminal([entrypoint, ...words], {cwd, env: service.environment}).ended;
    try {
      const first = await run('--quiet', ...service.deployWords('A'));
      assert.equal(first.code, 0, first.output);
      // So that there is something to pull, whichever tests ran before.
      service.renew('B');
      const {code, output, longestSilence} = await run(...service.deployWords('B'));
      assert.equal(await screenOfDeploy(output), deployScreen);
      assert.equal(code, 0);
      assert.ok(longestSilence < 2, `${longestSilence} s without a sign of life`);
    } finally {
      await run('--quiet', 'remove', 'prod', '--volumes');
    }
  });
}

/** The steps of a round end in any order: those with the same title, sorted by host. */
function byHost(lines: readonly string[]): string[] {
  const rounds: {readonly title: string; readonly steps: string[][]}[] = [];
  for (const line of lines) {
    // After whatever was shortened first.
    if (line.startsWith('# … marks')) continue;
    const title = line.replace(/^(\S) .{7} {2}\S+ +/, '$1 ');
    if (line.startsWith('  ')) rounds.at(-1)?.steps.at(-1)?.push(line);
    else if (line !== '' && rounds.at(-1)?.title === title) rounds.at(-1)?.steps.push([line]);
    else rounds.push({title, steps: [[line]]});
  }
  return rounds.flatMap(({steps}) => steps.toSorted((one, other) => hostOf(one).localeCompare(hostOf(other))).flat());
}

const hostOf = ([head = '']: readonly string[]): string => head.slice('✓   1.0 s  '.length);
