import {quote, type Words, wordsText} from '../shell/argv.ts';

/**
 * A command that waits until `words`, run in the container, succeed; it gives up after `seconds`, and at once
 * when the container does not run any more. A loop in one `sh` can be pasted, and costs one round trip on a host.
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
 * Waits until no docker command that changes containers whose names begin with `prefix` runs on this machine; it goes
 * on after `seconds`. What a deployer began by ssh goes on when the connection breaks or the deployer dies, and would
 * come in between whoever cleans up. Looks at /proc alone: a host need not have procps.
 */
export function waitForCommands(prefix: string, seconds: number): Words {
  const pattern = `docker[^~]\\(run\\|create\\|start\\|stop\\|rm\\|update\\|exec\\)[^~]*${prefix.replaceAll('.', '\\.')}\\.`;
  const others = `grep -als ${quote(pattern)} /proc/[0-9]*/cmdline | grep -qv "^/proc/$$/"`;
  return ['sh', '-c', `n=0; while [ "$n" -lt ${seconds * 10} ] && ${others}; do n=$((n + 1)); sleep 0.1; done`];
}

/** Lets a balancer finish what it has, and no more: it listens no longer. Goes on after `seconds`. */
export function softStop(container: string, seconds: number): Words {
  const wait = wordsText(['timeout', String(seconds), 'docker', 'wait', container]);
  // Otherwise docker would start it again.
  return [
    'sh',
    '-c',
    `${wordsText(['docker', 'update', '--restart', 'no', container])} && ${wordsText(['docker', 'kill', '--signal', 'USR1', container])} && { ${wait} || :; }`,
  ];
}

/**
 * Holds a lock for further seconds, by the clock of the machine where it stands. The number of restarts is the one
 * number of a container that can be changed and that means nothing as long as it never runs: here, it is the time when
 * the lock expires, in seconds since 1970.
 */
export const renewLock = (name: string, seconds: number): Words => [
  'sh',
  '-c',
  `docker update --restart "on-failure:$(($(date +%s) + ${seconds}))" ${quote(name)}`,
];
