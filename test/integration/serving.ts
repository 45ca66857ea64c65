import assert from 'node:assert/strict';
import {startLoad} from './images/load.ts';
import {entrypoint, type Tiny} from './tiny.ts';

// What the tests share that change the health check of a service while it serves.

/** Commits and builds; returns the image. */
export function buildOf({must, commit}: Tiny): string {
  commit();
  return (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
}

/** Deploys; returns the address. */
export function addressOf({must}: Tiny, image: string): string {
  return (JSON.parse(must(entrypoint, '--quiet', '--json', 'deploy', `--image=${image}`)) as {address: string}).address;
}

/** The replicas that serve, each with the balancer's word for its health: `.local.1.1 L7OK`. */
export function serving({name, must}: Tiny): string[] {
  const {containers} = JSON.parse(must(entrypoint, '--quiet', '--json', 'status')) as {
    containers: {name: string; serving: boolean; health: string | null}[];
  };
  return containers.filter((one) => one.serving).map((one) => `${one.name.slice(name.length)} ${one.health}`);
}

/** Runs a task without blocking the load, which this process sends. */
export async function succeed({start}: Tiny, ...words: readonly string[]): Promise<void> {
  const {code, stderr} = await start(entrypoint, words).ended;
  assert.equal(code, 0, stderr);
}

/** Runs `body` under load, which must lose no request. */
export async function underLoad(address: string, body: () => Promise<void>): Promise<void> {
  const load = startLoad([address], 50);
  try {
    await body();
  } finally {
    const {sent, failures} = await load.stop();
    assert.ok(sent > 100, `${sent} were sent`);
    assert.deepEqual(failures, []);
  }
}
