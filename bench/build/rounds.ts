import {spawnSync} from 'node:child_process';
import {appendFileSync, writeFileSync} from 'node:fs';

// Runs in a container, in a service's directory: builds the service with each command in turn, and prints the times.

export interface RoundOptions {
  readonly rounds: number;
  readonly contenders: readonly (readonly string[])[];
  /** The source file that each build finds changed, and its text before a number. */
  readonly changed: readonly [path: string, text: string];
}

export interface RoundResults {
  /** Milliseconds of each round, by contender. */
  readonly took: readonly (readonly number[])[];
  /** Number of builds that reinstalled the dependencies. */
  readonly reinstalled: number;
}

const {rounds, contenders, changed} = JSON.parse(process.argv[2] ?? '') as RoundOptions;
const took = contenders.map((): number[] => []);
let reinstalled = 0;
// The first round installs the dependencies and fills caches. It does not count.
for (let round = -1; round < rounds; round += 1) {
  // The first contender of a round finds the machine in another state, so they take turns.
  for (const index of round % 2 === 0 ? contenders.keys() : [...contenders.keys()].toReversed()) {
    const [program = '', ...words] = contenders[index] ?? [];
    writeFileSync(changed[0], `${changed[1]}${performance.now()}\n`);
    const started = performance.now();
    const {status, stdout, stderr} = spawnSync(program, words, {encoding: 'utf8'});
    const milliseconds = performance.now() - started;
    if (status !== 0) {
      appendFileSync(2, `${program} ${words.join(' ')}: exit ${status}\n${stderr}`);
      process.exit(1);
    }
    if (round < 0) continue;
    took[index]?.push(milliseconds);
    if (/\$ (?:npm ci|pnpm install|uv sync)/.test(stdout + stderr)) reinstalled += 1;
  }
}
process.stdout.write(JSON.stringify({took, reinstalled} satisfies RoundResults));
