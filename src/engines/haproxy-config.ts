/** A place for a replica in the balancer. Each replica has two, so that a new release starts beside the old one. */
export type Half = 'a' | 'b';

export interface SlotUse {
  readonly replica: number;
  readonly half: Half;
  /** The container that answers there. */
  readonly container: string;
  readonly port: number;
}

/** All that the balancer's configuration depends on; read back from it by {@link readBalancerState}. */
export interface BalancerState {
  /** The release that gets the traffic; 0 before the first deploy. */
  readonly release: number;
  /** The release to go back to; 0 when there is none. */
  readonly previous: number;
  /** Replicas that there is room for. */
  readonly size: number;
  readonly slots: readonly SlotUse[];
  readonly health: string;
}

export const serverName = (replica: number, half: Half): string => `web/${replica}${half}`;

/** The whole configuration of a balancer, as text. Equal states give equal texts. */
export function renderHaproxyConfig(state: BalancerState): string {
  const {release, previous, size, health} = state;
  return `# ${marker} release=${release} previous=${previous} size=${size} health=${health}
global
    log stdout format raw local0 warning
    maxconn 4096
    stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners
    stats timeout 2m
    # After a reload an old process may serve idle keep-alive clients; it must not outlive the old containers.
    hard-stop-after 60s
    server-state-file /run/haproxy/state

defaults
    mode http
    log global
    option dontlognull
    # Without it a client's reused connection is cut when a server drains (measured: 42 of 12,334 requests lost).
    option idle-close-on-response
    option redispatch
    # A reload keeps what the checks found, or dead servers would count as healthy at first.
    load-server-state-from-file global
    retries 3
    retry-on conn-failure empty-response
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 60s

resolvers docker
    nameserver dns 127.0.0.11:53
    resolve_retries 3
    timeout resolve 1s
    timeout retry 1s
    hold valid 1s
    hold nx 5s

frontend web
    bind :8080
    default_backend web

backend web
    balance roundrobin
    # A POST whose answer was lost may have been carried out: only what is safe to repeat is sent again.
    http-request disable-l7-retry unless METH_GET or { method HEAD OPTIONS }
    option httpchk GET ${health}
    http-check expect status 200
    default-server inter 500ms fastinter 200ms downinter 300ms fall 2 rise 1 resolvers docker resolve-prefer ipv4 resolve-opts allow-dup-ip init-addr last,libc,none
${serverLines(state)}`;
}

const marker = 'entrypoint:';

function serverLines({size, slots}: BalancerState): string {
  return Array.from({length: size}, (_, index) => index + 1)
    .flatMap((replica) => (['a', 'b'] as const).map((half) => {
      const use = slots.find((slot) => slot.replica === replica && slot.half === half);
      return use === undefined
        ? `    server ${replica}${half} 127.0.0.1:1 check disabled\n`
        : `    server ${replica}${half} ${use.container}:${use.port} check\n`;
    }))
    .join('');
}

/** Reads a state back from a configuration that {@link renderHaproxyConfig} made; undefined for any other text. */
export function readBalancerState(text: string): BalancerState | undefined {
  const head = /^# entrypoint: release=(\d+) previous=(\d+) size=(\d+) health=(\S+)$/m.exec(text);
  if (head === null) return undefined;
  const [, release, previous, size, health = '/'] = head;
  const servers = [...text.matchAll(/^ +server (\d+)([ab]) (\S+):(\d+) check$/gm)];
  return {
    release: Number(release),
    previous: Number(previous),
    size: Number(size),
    health,
    slots: servers.map(([, replica, half, container = '', port]) => ({replica: Number(replica), half: half as Half, container, port: Number(port)})),
  };
}
