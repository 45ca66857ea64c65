import {execFileSync, spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {type Crew, entrypoint, makeCrew} from '../test/fleet/crew.ts';
import {type Fleet, fleetUp} from '../test/fleet/fleet.ts';
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
import {median, type Report, type Row} from './report.ts';

const rounds = 15;
const limits = {overhead: 1.3, growth: 1.1, roundTrips: 6, rollback: 3};
const sizes = [1, 10, 100] as const;

/** A deploy and a bare script of the same docker commands, on one real host and on three; then deploys to up to 100 simulated hosts. */
export async function bench(note: (text: string) => void): Promise<Report> {
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
    const crew = makeCrew(fleet);
    try {
      real = measureReal(fleet, crew, note);
    } finally {
      crew.remove();
    }
  } finally {
    fleet.down();
  }
  const simulated = await measureSimulated(note);
  return report(real, simulated);
}

interface Real {
  /** Seconds, by how many hosts. */
  readonly bare: Readonly<Record<1 | 3, number>>;
  readonly ours: Readonly<Record<1 | 3, number>>;
  /** Behind one dedicated balancer. */
  readonly bareDedicated: Readonly<Record<1 | 3, number>>;
  readonly dedicated: Readonly<Record<1 | 3, number>>;
  /** Of three hosts. */
  readonly rollback: number;
  /** Calls of ssh in one deploy, on the host with the most. */
  readonly roundTrips: number;
}

function measureReal(fleet: Fleet, crew: Crew, note: (text: string) => void): Real {
  const places = {1: fleet.hosts.slice(0, 1), 3: fleet.hosts} as const;
  writeFileSync(
    join(crew.directory, 'deploy.yaml'),
    [
      `service: ${crew.name}`,
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
  const images = [crew.images.A, crew.images.B];
  const timed = (program: string, words: readonly string[], input = ''): number => {
    const started = performance.now();
    const {code, stderr} = crew.shell(program, words, input);
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
  note(`${rounds} rounds of each, in turn`);
  const [bare, ours, bareDedicated, dedicated] = Array.from({length: 4}, () => ({
    1: [] as number[],
    3: [] as number[],
  })) as [Times, Times, Times, Times];
  // One number for all hosts, so that slots and ports alternate on each of them.
  let release = 0;
  for (let round = 0; round < rounds; round += 1) {
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
      // The other hosts follow, untimed.
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
  const middle = (all: Times): Record<1 | 3, number> => ({1: median(all[1]), 3: median(all[3])});
  const rollbacks = Array.from({length: 7}, () => {
    settle();
    return timed(entrypoint, ['--quiet', 'rollback', 'on3']);
  });
  return {
    bare: middle(bare),
    ours: middle(ours),
    bareDedicated: middle(bareDedicated),
    dedicated: middle(dedicated),
    rollback: median(rollbacks),
    roundTrips: countRoundTrips(fleet, crew),
  };
}

type Times = Record<1 | 3, number[]>;

/** Waits until the machine is idle: engines and kernel finish the work of the previous contender. */
function settle(): void {
  const moment = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < 20; tries += 1) {
    const before = busyTicks();
    Atomics.wait(moment, 0, 0, 250);
    // Of 25 ticks on each processor.
    if (busyTicks() - before <= 4) return;
  }
}

function busyTicks(): number {
  const [, user = 0, nice = 0, system = 0] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
    .split(/\s+/)
    .map(Number);
  return user + nice + system;
}

/** Deploys an image that no host has with an ssh that logs each call, the wait for the health check included. */
function countRoundTrips(fleet: Fleet, crew: Crew): number {
  crew.renew('A');
  const bin = join(crew.directory, '.git/counting');
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
  const {code, stderr} = crew.shell('env', [
    `PATH=${bin}:${fleet.environment['PATH']}`,
    entrypoint,
    '--quiet',
    'deploy',
    'on3',
    `--image=${crew.images.A}`,
  ]);
  if (code !== 0) throw new Error(stderr);
  const calls = readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n');
  return Math.max(
    ...Map.groupBy(calls, (host) => host)
      .values()
      .map((some) => some.length),
  );
}

interface Simulated {
  readonly hosts: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Deploys to simulated hosts. The first two deploys to each fleet create everything and do not count. */
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
  // The shell reports the CPU time of the deployer and of all simulated programs.
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

const kept = (is: boolean): string => (is ? 'kept' : 'NOT KEPT');

function report(
  {bare, ours, bareDedicated, dedicated, rollback, roundTrips}: Real,
  simulated: readonly Simulated[],
): Report {
  const overhead = {1: ours[1] / bare[1], 3: ours[3] / bare[3]};
  const overheadDedicated = {1: dedicated[1] / bareDedicated[1], 3: dedicated[3] / bareDedicated[3]};
  const growth = {ours: dedicated[3] / dedicated[1], bare: bareDedicated[3] / bareDedicated[1]};
  const checks: readonly {readonly text: string; readonly is: boolean}[] = [
    {
      text: `a deploy to one host is at most ${limits.overhead} x the bare script: ${overhead[1].toFixed(2)}`,
      is: overhead[1] <= limits.overhead,
    },
    {text: `to three hosts: ${overhead[3].toFixed(2)}`, is: overhead[3] <= limits.overhead},
    {
      text: `behind one balancer, to one host ${overheadDedicated[1].toFixed(2)}, to three ${overheadDedicated[3].toFixed(2)}`,
      is: Math.max(overheadDedicated[1], overheadDedicated[3]) <= limits.overhead,
    },
    {
      text: `three hosts behind a balancer grow at most ${limits.growth} x as much as the bare script: ${(growth.ours / growth.bare).toFixed(2)} (${growth.ours.toFixed(2)} x one host, the bare script ${growth.bare.toFixed(2)} x; with a balancer on each: ${(ours[3] / ours[1]).toFixed(2)}, the bare script ${(bare[3] / bare[1]).toFixed(2)})`,
      is: growth.ours / growth.bare <= limits.growth,
    },
    {
      text: `a rollback of three hosts takes at most ${limits.rollback} s: ${rollback.toFixed(1)}`,
      is: rollback <= limits.rollback,
    },
    {
      text: `at most ${limits.roundTrips} round trips by ssh a host, with the wait for its health: ${roundTrips}`,
      is: roundTrips <= limits.roundTrips,
    },
  ];
  const one = simulated[0]?.seconds ?? Number.NaN;
  const rows: Row[] = [
    {what: 'bare script, 1 host', figures: [bare[1]], ratio: 1},
    {what: 'entrypoint deploy, 1 host', figures: [ours[1]], ratio: overhead[1]},
    {what: 'bare script, 3 hosts', figures: [bare[3]], ratio: 1},
    {what: 'entrypoint deploy, 3 hosts', figures: [ours[3]], ratio: overhead[3]},
    {what: 'bare script behind one balancer, 1 host', figures: [bareDedicated[1]], ratio: 1},
    {what: 'entrypoint deploy behind one balancer, 1 host', figures: [dedicated[1]], ratio: overheadDedicated[1]},
    {what: 'bare script behind one balancer, 3 hosts', figures: [bareDedicated[3]], ratio: 1},
    {what: 'entrypoint deploy behind one balancer, 3 hosts', figures: [dedicated[3]], ratio: overheadDedicated[3]},
    {what: 'entrypoint rollback, 3 hosts', figures: [rollback], ratio: rollback / ours[3]},
    ...simulated.map(({hosts, seconds}) => ({
      what: `entrypoint deploy, ${hosts} simulated`,
      figures: [seconds],
      ratio: seconds / one,
    })),
  ];
  return {
    name: 'deploy',
    about: `wall time of a deploy of another image, one replica a host, one worker each, watch_seconds 0: median of ${rounds} rounds in turn; the ratio is to the bare script above it, to the deploy, and to one simulated host`,
    columns: ['wall s'],
    rows,
    notes: [
      ...checks.map(({text, is}) => `limit: ${text}: ${kept(is)}`),
      `simulated: ssh 20 ms, docker run 430 ms, stop 280 ms, ...; CPU seconds of the deployer and all simulated programs: ${simulated.map(({hosts, cpuSeconds}) => `${cpuSeconds.toFixed(1)} for ${hosts}`).join(', ')}`,
    ],
    passed: checks.every(({is}) => is),
  };
}
