import {spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {cpuMicroseconds} from '../src/contract/in-container/processes.ts';
import {median, type Report} from './report.ts';

const rounds = 15;
const limitMs = 120;
const image = `entrypoint-bench-run:${randomBytes(4).toString('hex')}`;

// Prints the CPU time that its container has used when the service's first instruction runs.
const server = `
const cost = (${cpuMicroseconds.toString()})({root: '/sys/fs/cgroup'}) / 1000;
process.stdout.write(\`first instruction after \${cost} ms\\n\`);
export default (request, response) => response.end();
`;

/** Measures the CPU time of a container until the service's first instruction, with and without `entrypoint run`. */
export async function bench(note: (text: string) => void): Promise<Report> {
  const directory = mkdtempSync(join(tmpdir(), 'entrypoint-bench-'));
  try {
    writeFileSync(join(directory, 'Dockerfile'), 'FROM entrypoint/node:26\nCOPY . .\n');
    writeFileSync(join(directory, 'package.json'), '{"type": "module"}\n');
    writeFileSync(join(directory, 'server.js'), server);
    docker('build', '--quiet', '--tag', image, directory);
    note(`${rounds} containers of each, interleaved`);
    const contenders = [
      {what: 'node server.js', words: ['--entrypoint', 'node', image, 'server.js'], costs: [] as number[]},
      {what: 'entrypoint run', words: [image, 'run'], costs: [] as number[]},
    ];
    // The first round fills caches. It does not count.
    for (let round = -1; round < rounds; round += 1) {
      for (const {words, costs} of contenders) {
        const cost = firstInstruction(words);
        if (round >= 0) costs.push(cost);
      }
    }
    const figures = contenders.map(({what, costs}) => ({what, cost: median(costs)}));
    const [plain, ours] = [figures[0]?.cost ?? Number.NaN, figures[1]?.cost ?? Number.NaN];
    const passed = ours - plain <= limitMs;
    return {
      name: 'run',
      about: `CPU time of a container until the service's first instruction: median of ${rounds}; the ratio is to node without entrypoint`,
      columns: ['CPU ms', 'added ms'],
      rows: figures.map(({what, cost}) => ({what, figures: [cost, cost - plain], ratio: cost / plain})),
      notes: [`limit: at most ${limitMs} ms more than node without entrypoint: ${passed ? 'kept' : 'NOT KEPT'}`],
      passed,
    };
  } finally {
    spawnSync('docker', ['image', 'rm', '--force', image], {stdio: 'ignore'});
    rmSync(directory, {recursive: true, force: true});
  }
}

/** Starts a container, reads the CPU milliseconds that the service prints, and removes the container. */
function firstInstruction(words: readonly string[]): number {
  const id = docker('run', '--detach', ...words);
  try {
    for (const end = Date.now() + 20_000; Date.now() < end;) {
      const found = /first instruction after ([\d.]+) ms/.exec(docker('logs', id));
      if (found !== null) return Number(found[1]);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
    throw new Error(`the service did not start within 20 s: ${docker('logs', id)}`);
  } finally {
    spawnSync('docker', ['rm', '--force', id], {stdio: 'ignore'});
  }
}

function docker(...words: readonly string[]): string {
  const {status, stdout, stderr} = spawnSync('docker', words, {encoding: 'utf8'});
  if (status !== 0) throw new Error(`docker ${words.join(' ')}: ${stderr}`);
  return (words[0] === 'logs' ? stdout + stderr : stdout).trim();
}
