import {mkdtempSync, rmSync} from 'node:fs';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {answer, newEngine, type SimulatedEngine} from './simulated-engine.ts';

// A fleet of any size in one process: `bin/ssh` and `bin/host/docker` simulate ssh, and docker on a host, with their
// delays. The deployer is real.

/** Measured: a fresh connection, one more command over the same one. */
const [connectMs, roundTripMs] = [250, 20];

export interface SimulatedFleet {
  /** Additions to the deployer's environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Calls of ssh so far, by host. */
  readonly roundTrips: ReadonlyMap<string, number>;
  /** Names of running containers. */
  running(this: void, host: string): readonly string[];
  /** Forgets the round trips, not the containers. */
  forget(this: void): void;
  close(this: void): void;
}

const later = (socket: Socket, ms: number, text: string): void => void setTimeout(() => socket.end(text), ms);

export async function startSimulatedFleet(): Promise<SimulatedFleet> {
  const homes = mkdtempSync(join(tmpdir(), 'simulated-fleet-'));
  const engines = new Map<string, SimulatedEngine>();
  const roundTrips = new Map<string, number>();

  const serve = (socket: Socket, request: string): void => {
    const [kind = '', host = '', ...rest] = request.split('\0');
    if (kind === 'ssh') {
      const fresh = !engines.has(host);
      if (fresh) engines.set(host, newEngine());
      roundTrips.set(host, (roundTrips.get(host) ?? 0) + 1);
      const number = [...engines.keys()].indexOf(host);
      later(socket, fresh ? connectMs : roundTripMs, `10.1.${Math.floor(number / 250)}.${(number % 250) + 1}\n`);
      return;
    }
    const count = Number(rest[0]);
    const {code, stdout, stderr, ms} = answer(
      engines.get(host) ?? newEngine(),
      rest.slice(1, 1 + count),
      rest[1 + count] ?? '',
    );
    later(socket, ms, `${code}\n${stdout}\0${stderr}\0`);
  };
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    // A line break behind the last NUL ends a request.
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith('\0\n')) serve(socket, text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    environment: {
      SIMULATED_FLEET: String((server.address() as AddressInfo).port),
      SIMULATED_HOMES: homes,
      PATH: `${join(import.meta.dirname, 'bin')}:${process.env['PATH'] ?? ''}`,
    },
    roundTrips,
    running: (host) =>
      [...(engines.get(host)?.containers.values() ?? [])]
        .filter(({state}) => state === 'running')
        .map(({name}) => name),
    forget: () => roundTrips.clear(),
    close: () => {
      server.close();
      rmSync(homes, {recursive: true, force: true});
    },
  };
}
