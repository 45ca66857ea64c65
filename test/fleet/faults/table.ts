import assert from 'node:assert/strict';
import {mkdirSync, writeFileSync} from 'node:fs';
import {get} from 'node:http';
import {join} from 'node:path';
import {untilNothingThrows} from '../../support/until.ts';
import type {Fault, Losses} from './fault.ts';
import {fillDisk, freeze, killEngine, killEngineFor, losePackets, powerOff, prune, stopRegistry} from './strikes.ts';

/** Requests to the struck host itself fail while its own balancer is down. */
const onTheHost: Losses = ({address}, struck) => new URL(address).hostname === struck;

/** Behind dedicated balancers a host can die with requests in flight: safe ones are repeated, POSTs never are. */
const postsInFlight: Losses = ({kind, what}) => kind.startsWith('POST') || what.startsWith('the answer broke off');

/** Requests that a frozen host has received hang with it. */
const sentToIt: Losses = (failure, address) =>
  postsInFlight(failure, address) || /no answer|status 50[234]/.test(failure.what);

const firstHost: Fault['struck'] = ({fleet}) => fleet.hosts[0] ?? '';
const firstBalancer: Fault['struck'] = ({fleet}) => fleet.balancers[0] ?? '';
const balancerOf = (name: string): string =>
  `docker ps --quiet --filter label=entrypoint.service_name=${name} --filter label=entrypoint.role=balancer`;

/** Shifts the deployer's clock. */
const skewed = (minutes: number): Record<string, string> => {
  const shift = `const real = Date.now; const now = () => real() + ${minutes * 60_000}; globalThis.Date = class extends Date { constructor(...a) { super(...(a.length === 0 ? [now()] : a)); } static now() { return now(); } };`;
  return {NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(shift)}`};
};

/** The registry. */
const registry: readonly Fault[] = [
  {
    title: 'the registry is down for 5 s during the pull: the deploy waits for it',
    freshImage: true,
    ends: 'new',
    strike: ({fleet}) => {
      const mend = stopRegistry(fleet);
      const timer = setTimeout(mend, 5000);
      return () => clearTimeout(timer);
    },
  },
  {
    title: 'the registry stays down: nothing changes, and the message says so',
    freshImage: true,
    ends: 'old',
    code: 69,
    says: /the registry \S+ does not answer: cannot pull the image[^]*nothing has changed/,
    strike: ({fleet}) => stopRegistry(fleet),
  },
  {
    title: 'a digest that no registry has: nothing changes, at once',
    ends: 'old',
    code: 1,
    says: /is not in its registry: cannot pull the image[^]*(?:not found|unknown)/,
    words: ({fleet, service}) => [
      'deploy',
      'prod',
      `--image=${fleet.registry}/${service.name}@sha256:${'0'.repeat(64)}`,
    ],
  },
];

/** The hosts and their connections. */
const hosts: readonly Fault[] = [
  ...(
    [
      ['the start of a replica', /docker run /, 200],
      // It follows the start in the same round trip.
      ['the wait for its health', /lb start/, 700],
      ['the switch', /lb switch/, 50],
      ['the drain', /lb drain/, 400],
    ] as const
  ).map(([what, during, delayMs]): Fault => ({
    title: `a host's engine is killed during ${what}: one release everywhere, and the exit code says which`,
    usual: what === 'the switch',
    during,
    delayMs,
    loses: onTheHost,
    strike: ({fleet}, struck) => killEngine(fleet, struck),
  })),
  {
    title: "a host's engine is killed during the drain and away for 8 s: the clean-up there waits for it",
    during: /lb drain/,
    delayMs: 200,
    loses: onTheHost,
    strike: ({fleet}, struck) => killEngineFor(fleet, struck, 8),
  },
  {
    title: 'a host freezes at the switch: the others go back, and it follows when it can',
    during: /lb switch/,
    loses: onTheHost,
    ends: 'old',
    staysAsItIs: true,
    says: /is unreachable and was left as it is: run the same command again/,
    strike: ({fleet}, struck) => freeze(fleet, struck),
  },
  {
    title: 'a host behind a dedicated balancer freezes at the switch: the other hosts keep serving',
    settings: {dedicated: true},
    during: /lb switch/,
    duringAnywhere: true,
    loses: sentToIt,
    strike: ({fleet}, struck) => freeze(fleet, struck),
  },
  {
    title: 'each packet takes 100 ms more each way: it only takes longer',
    ends: 'new',
    environment: ({fleet, service}) => {
      const bin = join(service.directory, '.git/slow');
      mkdirSync(bin, {recursive: true});
      const proxy = `${process.execPath} ${join(import.meta.dirname, 'slow-proxy.ts')} 100 %h %p`;
      // A connection of its own: the shared one is fast.
      writeFileSync(
        join(bin, 'ssh'),
        `#!/bin/sh\nexec ${fleet.bin}/ssh -o 'ProxyCommand=${proxy}' -o ControlPath=${bin}/%C "$@"\n`,
        {mode: 0o755},
      );
      return {PATH: `${bin}:${fleet.environment['PATH']}`};
    },
  },
  {
    title: 'one packet in twenty is lost on every host: it only takes longer',
    ends: 'new',
    strike: ({fleet}) => {
      const mends = fleet.hosts.map((host) => losePackets(fleet, host, 0.05));
      return () => mends.forEach((mend) => mend());
    },
  },
  {
    title: 'the disk of a host is full: nothing changes anywhere, and the message says where and why',
    usual: true,
    freshImage: true,
    ends: 'old',
    says: /no space left on \S+-h\d: cannot pull the image[^]*nothing has changed[^]*no space left on device\n[^]*Build Cache[^]*\nfix: free some/,
    strike: ({fleet}, struck) => fillDisk(fleet, struck),
    also: (_, {code}) => assert.equal(code, 69),
  },
];

/** The balancers. */
const balancers: readonly Fault[] = [
  {
    title:
      'the balancer is restarted during the switch, and its machine rebooted afterwards: it serves what was committed',
    settings: {dedicated: true},
    struck: firstBalancer,
    during: /lb switch/,
    // While the only balancer is down, every request fails.
    loses: () => true,
    strike: ({fleet, service}, struck) =>
      void fleet.outer('exec', struck, 'sh', '-c', `docker restart --time 0 $(${balancerOf(service.name)})`),
    also: async ({fleet}) => {
      const [balancer = ''] = fleet.balancers;
      powerOff(fleet, balancer)();
      await untilNothingThrows(60, () => void fleet.on(balancer, 'docker version >/dev/null'));
    },
  },
];

/** Broken releases. */
const releases: readonly Fault[] = [
  {
    title: 'a release that never becomes healthy: the old one keeps serving, and the last answer of the check is shown',
    settings: {environment: {FAULT: 'unhealthy'}, also: ['ready_timeout_seconds: 4']},
    ends: 'old',
    says: /did not become healthy[^]*503/,
  },
  {
    title: 'a release that cannot start, behind a dedicated balancer: the balancer does not wait for the timeout',
    settings: {dedicated: true, also: ["docker_options: ['--device=/dev/nothing']", 'ready_timeout_seconds: 300']},
    ends: 'old',
    says: /cannot start release[^]*\/dev\/nothing/,
  },
  {
    title: 'a release that becomes healthy and dies after 3 s: the old one keeps serving',
    settings: {environment: {FAULT: 'dies'}, watchSeconds: 6},
    ends: 'old',
    // All replicas of a host die at once, and requests fail there until the rollback.
    loses: ({what}) => /status 50[23]|broke off|hang up|ECONNRESET/.test(what),
  },
  {
    title: 'a release that answers 500 to one request in a hundred: the watch detects it and rolls back',
    // Within 30 s each of its twelve processes answers more than a hundred requests; enough failures roll it back.
    settings: {environment: {FAULT: 'errors'}, watchSeconds: 30},
    ends: 'old',
    says: /5xx|errors?|worse/i,
    loses: ({what}) => what === 'status 500',
  },
  {
    title: 'a migration that fails: the old release keeps serving, and its output is shown',
    settings: {also: ['before: [migrate]'], environment: {MIGRATION: 'fails'}},
    ends: 'old',
    says: /column x does not exist[^]*migrate failed/,
    also: (_, {code}) => assert.equal(code, 7),
  },
];

/** The deployers. */
const deployers: readonly Fault[] = [
  {
    title: 'two concurrent deploys: one is refused, and names the owner of the lock',
    usual: true,
    during: /lb start/,
    duringAnywhere: true,
    ends: 'new',
    strike: (world) => {
      const {code, stderr} = world.service.run('deploy', 'prod', `--image=${world.service.images.A}`);
      assert.notEqual(code, 0);
      assert.match(stderr, /is locked by \S+@\S+ \(deploy/);
    },
  },
  {
    title: 'every host is pruned during a deploy, and another one begins: the lock still keeps them apart',
    usual: true,
    during: /lb start/,
    duringAnywhere: true,
    ends: 'new',
    strike: ({fleet, service}) => {
      for (const host of fleet.hosts) prune(fleet, host);
      const {code, stderr} = service.run('deploy', 'prod', `--image=${service.images.A}`);
      assert.equal(code, 1);
      assert.match(stderr, /is locked by \S+@\S+ \(deploy/);
    },
  },
  {
    title: 'every host is pruned after the switch, and the release fails its check then: the old one serves again',
    settings: {also: ['after: [test_sanity]']},
    during: / test-sanity\b/,
    duringAnywhere: true,
    ends: 'old',
    strike: ({fleet}) => {
      for (const host of fleet.hosts) prune(fleet, host);
    },
  },
  ...[10, -10].map((minutes): Fault => ({
    title: `the deployer's clock is ${Math.abs(minutes)} minutes ${minutes > 0 ? 'fast' : 'slow'}: no lock expires early`,
    environment: () => skewed(minutes),
    during: /lb start/,
    duringAnywhere: true,
    ends: 'new',
    strike: ({service}) => {
      const {code, stderr} = service.shell('env', [
        ...Object.entries(skewed(-minutes)).map(([key, value]) => `${key}=${value}`),
        join(import.meta.dirname, '../../../bin/entrypoint'),
        ...service.deployWords('A'),
      ]);
      assert.notEqual(code, 0);
      assert.match(stderr, /is locked by/);
    },
  })),
  {
    title: 'a slow request of 20 s is in flight at the switch: the replica that received it answers it',
    ends: 'new',
    struck: firstHost,
    strike: ({service}) =>
      void slowRequests.push(...service.addresses().map((address) => slowRequest(`${address}/?ms=20000`))),
    also: async () => assert.deepEqual([...new Set(await Promise.all(slowRequests.splice(0)))], ['200']),
  },
];

const slowRequests: Promise<string>[] = [];
const slowRequest = (url: string): Promise<string> =>
  new Promise((resolve) => {
    get(url, {agent: false, timeout: 40_000}, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(String(answer.statusCode)));
    }).once('error', (error) => resolve(error.message));
  });

export const faults: readonly Fault[] = [...registry, ...releases, ...deployers, ...hosts, ...balancers];
