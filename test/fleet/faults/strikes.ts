import type {Fleet} from '../fleet.ts';

// Faults of a machine of the fleet, each with its repair. All of them act from outside.

/** Repairs the machine. */
export type Mend = () => void;

const inside = (fleet: Fleet, machine: string, command: string): string =>
  fleet.outer('exec', machine, 'sh', '-c', command);

/** Ends every ssh connection of a machine; sshd keeps listening, and commands keep running, as on a real host. */
export function cutSsh(fleet: Fleet, machine: string): void {
  inside(fleet, machine, 'pkill -KILL -f "^sshd-session" || true');
}

/** Kills the engine, which restarts after a moment, as under systemd. */
export function killEngine(fleet: Fleet, machine: string): void {
  inside(fleet, machine, 'kill -KILL $(cat /run/docker.pid)');
}

/** The same, with a supervisor that restarts it only after `seconds`. */
export function killEngineFor(fleet: Fleet, machine: string, seconds: number): Mend {
  inside(fleet, machine, ': >/run/hold-docker; kill -KILL $(cat /run/docker.pid)');
  const timer = setTimeout(() => void inside(fleet, machine, 'rm -f /run/hold-docker'), seconds * 1000);
  return () => {
    clearTimeout(timer);
    inside(fleet, machine, 'rm -f /run/hold-docker');
  };
}

/** Freezes a whole machine; connections to it stay open and silent. */
export function freeze(fleet: Fleet, machine: string): Mend {
  fleet.outer('pause', machine);
  return () => void fleet.outer('unpause', machine);
}

/** Cuts the power; the repair turns it on again. */
export function powerOff(fleet: Fleet, machine: string): Mend {
  fleet.outer('kill', machine);
  return () => void fleet.outer('start', machine);
}

/** Drops this share of incoming packets. */
export function losePackets(fleet: Fleet, machine: string, share: number): Mend {
  const rule = `PREROUTING -t raw -i eth0 -m statistic --mode random --probability ${share} -j DROP`;
  inside(fleet, machine, `iptables -I ${rule}`);
  return () => void inside(fleet, machine, `iptables -D ${rule}`);
}

/** Fills the engine's disk to the last byte. */
export function fillDisk(fleet: Fleet, machine: string): Mend {
  inside(fleet, machine, 'cat /dev/zero >/var/lib/docker/fill 2>/dev/null || true');
  return () => void inside(fleet, machine, 'rm -f /var/lib/docker/fill');
}

/** Removes everything on the machine's engine that does not run, as cron does on many hosts. */
export const prune = (fleet: Fleet, machine: string): void =>
  void inside(fleet, machine, 'docker system prune --all --force --volumes');

/** The same every `seconds`, until the function that it returns is called; that returns how often. */
export function pruneRepeatedly(fleet: Fleet, machine: string, seconds: number): () => number {
  const [going, count] = ['/run/prunes-going', '/run/prunes-count'];
  const loop = `while [ -e ${going} ]; do docker system prune --all --force --volumes >/dev/null 2>&1 && echo >>${count}; sleep ${seconds}; done`;
  inside(fleet, machine, `: >${going}; : >${count}`);
  fleet.outer('exec', '--detach', machine, 'sh', '-c', loop);
  return () => Number(inside(fleet, machine, `rm -f ${going}; wc -l <${count}`));
}

export function stopRegistry(fleet: Fleet): Mend {
  fleet.outer('kill', fleet.registryContainer);
  return () => void fleet.outer('start', fleet.registryContainer);
}

/** Resumes a machine that is frozen or off. */
export function recover(fleet: Fleet, machine: string): void {
  const state = fleet.outer('inspect', '--format', '{{.State.Status}}', machine);
  if (state === 'paused') fleet.outer('unpause', machine);
  else if (state !== 'running') fleet.outer('start', machine);
}
