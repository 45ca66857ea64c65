import {execFileSync, spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type Fleet, fleetUp} from '../test/fleet/fleet.ts';
import {type FleetService, entrypoint, publishService} from '../test/fleet/service.ts';
import {
  type AppHost,
  deployDedicatedScript,
  deployScript,
  prepareDedicatedScript,
  prepareScript,
  tidyDedicatedScript,
  tidyScript,
} from './deploy/bare-script.ts';
import {startSimulatedFleet} from './deploy/simulated-fleet.ts';
import {isDecided, type Real, report, type Simulated, type Times} from './deploy/verdict.ts';
import {median, type Report} from './report.ts';

const rounds = {least: 15, most: 45};
const sizes = [1, 10, 100] as const;

/** Compares a deploy with a bare script of the same docker commands on one and three real hosts; then up to 100 simulated hosts. */
export async function bench(note: (text: string) => void): Promise<Report> {
  // First: it is the shorter one.
  const simulated = await measureSimulated(note);
  note('a fleet of three hosts');
  execFileSync(
    process.execPath,
    [join(import.meta.dirname, '../scripts/images/build.ts'), 'node-service', 'haproxy', 'registry'],
    {stdio: ['ignore', 'ignore', 'pipe']},
  );
  const fleet = await fleetUp(`bench-${randomBytes(4).toString('hex')}`, {hosts: 3, balancers: 1});
  if (typeof fleet === 'string') throw new Error(fleet);
  let real: Real;
  try {
    const service = publishService(fleet);
    try {
      real = measureReal(fleet, service, note);
    } finally {
      service.remove();
    }
  } finally {
    fleet.down();
  }
  return report(real, simulated);
}

function measureReal(fleet: Fleet, service: FleetService, note: (text: string) => void): Real {
  const places = {1: fleet.hosts.slice(0, 1), 3: fleet.hosts} as const;
  writeFileSync(
    join(service.directory, 'deploy.yaml'),
    [
      `service: ${service.name}`,
      `registry: ${fleet.registry}`,
      'environments:',
      ...([1, 3] as const).flatMap((count) =>
        ['on', 'behind'].flatMap((kind, index) => [
          `  ${kind}${count}:`,
          `    hosts: [${places[count].join(', ')}]`,
          '    watch_seconds: 0',
          `    environment: {WEB_CONCURRENCY: '1'}`,
          `    load_balancer: {image: '${fleet.registry}/haproxy:3.0', address: 0.0.0.0, port: ${8080 + 10 * index + count}${kind === 'on' ? '' : `, hosts: [${fleet.balancers.join(', ')}]`}}`,
        ]),
      ),
      '',
    ].join('\n'),
  );
  const images = [service.images.A, service.images.B];
  const timed = (program: string, words: readonly string[], input = ''): number => {
    const started = performance.now();
    const {code, stderr} = service.shell(program, words, input);
    if (code !== 0) throw new Error(`${program} ${words.join(' ')}: exit ${code}\n${stderr}`);
    return (performance.now() - started) / 1000;
  };
  const deploy = (environment: string, round: number): number =>
    timed(entrypoint, ['--quiet', 'deploy', environment, `--image=${images[round % 2]}`]);

  const appsOn = (hosts: readonly string[]): AppHost[] => hosts.map((host) => ({host, address: fleet.addressOf(host)}));
  const [balancerHost = ''] = fleet.balancers;

  note('the first release of each');
  timed('sh', [], prepareScript(fleet.hosts, `${fleet.registry}/haproxy:3.0`));
  timed('sh', [], deployScript(fleet.hosts, images[0] ?? '', 0));
  timed('sh', [], prepareDedicatedScript(appsOn(fleet.hosts), balancerHost, `${fleet.registry}/haproxy:3.0`));
  timed('sh', [], deployDedicatedScript(appsOn(fleet.hosts), balancerHost, images[0] ?? '', 0));
  for (const round of [0, 1])
    for (const environment of ['on1', 'on3', 'behind1', 'behind3']) deploy(environment, round);
  note(`${rounds.least} to ${rounds.most} rounds of each, in turn`);
  const [bare, ours, bareDedicated, dedicated] = Array.from({length: 4}, () => ({
    1: [] as number[],
    3: [] as number[],
  })) as [Times, Times, Times, Times];
  // Hosts outside a round keep the releases of earlier rounds: each number of hosts has its own release numbers.
  let release = 0;
  for (let round = 0; round < rounds.most; round += 1) {
    // A ratio near its limit takes more rounds, so that noise does not decide.
    if (round >= rounds.least && isDecided({bare, ours, bareDedicated, dedicated})) break;
    for (const count of [1, 3] as const) {
      release += 1;
      const image = images[release % 2] ?? '';
      const [used, others] = [places[count], fleet.hosts.slice(count)];
      const contenders = [
        () => bare[count].push(timed('sh', [], deployScript(used, image, release))),
        () => ours[count].push(deploy(`on${count}`, round)),
        () =>
          bareDedicated[count].push(timed('sh', [], deployDedicatedScript(appsOn(used), balancerHost, image, release))),
        () => dedicated[count].push(deploy(`behind${count}`, round)),
      ];
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
        settle();
        contender();
      }
      timed('sh', [], tidyScript(used, release) + tidyDedicatedScript(used, release));
      // The others follow, off the clock.
      if (others.length > 0)
        timed(
          'sh',
          [],
          [
            deployScript(others, image, release),
            tidyScript(others, release),
            deployDedicatedScript(appsOn(others), balancerHost, image, release),
            tidyDedicatedScript(others, release),
          ].join(''),
        );
    }
  }
  const rollbacks = Array.from({length: 7}, () => {
    settle();
    return timed(entrypoint, ['--quiet', 'rollback', 'on3']);
  });
  return {
    bare,
    ours,
    bareDedicated,
    dedicated,
    rollback: median(rollbacks),
    roundTrips: countRoundTrips(fleet, service),
  };
}

/** Waits until the machine is idle for a moment: engines and kernel finish the work of the last command. */
function settle(): void {
  const moment = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < 20; tries += 1) {
    const before = busyTicks();
    Atomics.wait(moment, 0, 0, 250);
    // Of 25 hundredths of a second on each processor.
    if (busyTicks() - before <= 4) return;
  }
}

function busyTicks(): number {
  const [, user = 0, nice = 0, system = 0] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
    .split(/\s+/)
    .map(Number);
  return user + nice + system;
}

/** Counts the ssh calls of a deploy of an image that no host has, the wait for the health check included. */
function countRoundTrips(fleet: Fleet, service: FleetService): number {
  service.renew('A');
  const bin = join(service.directory, '.git/counting');
  mkdirSync(bin);
  // The host is the word before `--`.
  writeFileSync(
    join(bin, 'ssh'),
    [
      '#!/bin/sh',
      "last=''",
      'for word; do [ "$word" != -- ] || break; last=$word; done',
      `echo "$last" >>${bin}/calls`,
      `exec ${fleet.bin}/ssh "$@"`,
      '',
    ].join('\n'),
    {mode: 0o755},
  );
  const {code, stderr} = service.shell('env', [
    `PATH=${bin}:${fleet.environment['PATH']}`,
    entrypoint,
    '--quiet',
    'deploy',
    'on3',
    `--image=${service.images.A}`,
  ]);
  if (code !== 0) throw new Error(stderr);
  const calls = readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n');
  return Math.max(
    ...Map.groupBy(calls, (host) => host)
      .values()
      .map((some) => some.length),
  );
}

/** The third deploy to each simulated fleet: the first two start everything. */
async function measureSimulated(note: (text: string) => void): Promise<Simulated[]> {
  const directory = mkdtempSync(join(tmpdir(), 'entrypoint-bench-'));
  try {
    const found: Simulated[] = [];
    for (const size of sizes) {
      note(`${size} simulated hosts`);
      const fleet = await startSimulatedFleet();
      const names = Array.from({length: size}, (_, index) => `h${index + 1}`);
      writeFileSync(
        join(directory, 'deploy.yaml'),
        [
          'service: simulated',
          'registry: registry.example:5000',
          'environments:',
          '  prod:',
          `    hosts: [${names.join(', ')}]`,
          '    parallel: 100',
          '    watch_seconds: 0',
          '    load_balancer: {address: 0.0.0.0, port: 8080}',
          '',
        ].join('\n'),
      );
      try {
        const all: {seconds: number; cpuSeconds: number}[] = [];
        for (const digit of ['a', 'b', 'c', 'd', 'e'])
          all.push(await simulatedDeploy(directory, digit, fleet.environment));
        const later = all.slice(2);
        found.push({
          hosts: size,
          seconds: median(later.map(({seconds}) => seconds)),
          cpuSeconds: median(later.map(({cpuSeconds}) => cpuSeconds)),
        });
        const running = fleet.running(names.at(-1) ?? '');
        if (!running.some((name) => name.endsWith('.5.1'))) throw new Error(`the last host runs ${running.join(', ')}`);
      } finally {
        fleet.close();
      }
    }
    return found;
  } finally {
    rmSync(directory, {recursive: true, force: true});
  }
}

async function simulatedDeploy(
  directory: string,
  digit: string,
  environment: Readonly<Record<string, string>>,
): Promise<{seconds: number; cpuSeconds: number}> {
  const started = performance.now();
  // The shell reports the CPU time of the deployer and all simulated programs.
  const child = spawn(
    'bash',
    [
      '-c',
      'TIMEFORMAT="cpu %U %S"; time "$0" "$@"',
      entrypoint,
      '--quiet',
      'deploy',
      'prod',
      `--image=registry.example:5000/simulated@sha256:${digit.repeat(64)}`,
    ],
    {cwd: directory, env: {...process.env, ...environment}, stdio: ['ignore', 'ignore', 'pipe']},
  );
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`a simulated deploy ended with ${String(code)}\n${stderr}`);
  const [, user = '', system = ''] = /cpu ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  return {seconds: (performance.now() - started) / 1000, cpuSeconds: Number(user) + Number(system)};
}
