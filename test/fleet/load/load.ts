import {fork} from 'node:child_process';
import {once} from 'node:events';
import {rmdirSync} from 'node:fs';
import {join} from 'node:path';
import type {Outcome} from './outcome.ts';
import type {Shape} from './plan.ts';

/** The load generator. It ends with this process, or with `end`. */
export interface Generator {
  /** The port to which the service reports its POSTs. */
  readonly port: number;
  /** Begins to send; one load at a time. */
  start(this: void, shape: Shape): Load;
  end(this: void): void;
}

export interface Load {
  /** The only version that can answer from now on; undefined: any. */
  expect(version: string | undefined): void;
  /** Stops sending, waits for outstanding responses, and returns the outcome. */
  stop(): Promise<Outcome>;
}

export async function startGenerator(): Promise<Generator> {
  const group = `/sys/fs/cgroup/cpu/entrypoint-load-${process.pid}`;
  // Without the flags of the test runner.
  const child = fork(join(import.meta.dirname, 'process.ts'), [group], {execArgv: []});
  child.once('exit', () => {
    try {
      rmdirSync(group);
    } catch {
      // It had no group.
    }
  });
  const reply = async (): Promise<{port: number; outcome: Outcome}> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('the load generator died'))),
    ])) as [{port: number; outcome: Outcome}];
    return message;
  };
  const {port} = await reply();
  return {
    port,
    start: (shape) => {
      child.send({start: shape});
      return {
        expect: (version) => void child.send({expect: version ?? null}),
        stop: async () => {
          child.send('stop');
          return (await reply()).outcome;
        },
      };
    },
    end: () => child.disconnect(),
  };
}
