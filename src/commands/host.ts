import {quote, type Words, wordsText} from '../shell/argv.ts';

/**
 * Waits until `words`, run in the container, succeed. It fails after `seconds`, and at once when the container stops.
 * The loop is one `sh`, so that it can be pasted and costs one round trip to a host.
 */
export function waitUntilReady(container: string, words: Words, seconds: number): Words {
  const test = wordsText(['docker', 'exec', container, ...words]);
  const running = wordsText(['docker', 'inspect', '--format', '{{.State.Running}}', container]);
  return [
    'sh',
    '-c',
    [
      `end=$(($(date +%s) + ${seconds}))`,
      `until ${test}; do [ "$(${running})" = true ] && [ "$(date +%s)" -lt "$end" ] || exit 1; sleep 0.2; done`,
    ].join('; '),
  ];
}

/**
 * Waits until no docker command on this machine is changing a container whose name starts with `prefix.`, at most
 * `seconds`. A command that a deployer started by ssh survives the connection and the deployer, and would interfere with
 * clean-up. Reads /proc only: procps need not be installed on a host. Its own text has the pattern: it leaves out its
 * shell, and the login shell that started that one.
 */
export function waitForCommands(prefix: string, seconds: number): Words {
  const pattern = `docker[^~]\\(run\\|create\\|start\\|stop\\|rm\\|update\\|exec\\)[^~]*${prefix.replaceAll('.', '\\.')}\\.`;
  const others = `grep -als ${quote(pattern)} /proc/[0-9]*/cmdline | grep -qv -e "^/proc/$$/" -e "^/proc/$PPID/"`;
  return ['sh', '-c', `n=0; while [ "$n" -lt ${seconds * 10} ] && ${others}; do n=$((n + 1)); sleep 0.1; done`];
}

/** Stops a balancer gracefully: it closes its listeners and finishes open requests. Waits at most `seconds`. */
export function softStop(container: string, seconds: number): Words {
  const wait = wordsText(['timeout', String(seconds), 'docker', 'wait', container]);
  // Otherwise docker would start it again, by its restart policy.
  return [
    'sh',
    '-c',
    `${wordsText(['docker', 'update', '--restart', 'no', container])} && ${wordsText(['docker', 'kill', '--signal', 'USR1', container])} && { ${wait} || :; }`,
  ];
}

/**
 * Extends a lock by `seconds` from now, by the clock of the machine that holds it. A lock is a container that never runs:
 * its restart limit, the one number of a container that can be changed, has no effect. It stores the lock's expiry, in
 * seconds since 1970.
 */
export const renewLock = (name: string, seconds: number): Words => [
  'sh',
  '-c',
  `docker update --restart "on-failure:$(($(date +%s) + ${seconds}))" ${quote(name)}`,
];
