import {quote, type Words, wordsText} from '../shell/argv.ts';
import {shellText} from '../shell/script.ts';
import {
  type ContainerOptions,
  dockerCreate,
  dockerIds,
  dockerRemove,
  dockerRemoveLabelled,
  dockerRun,
} from './docker/index.ts';

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
 * Waits until `words`, run in the container, succeed: its health check. After `seconds`, and at once when the container
 * stops, it prints the last answer and fails.
 * @param name the command, for the message
 */
export function awaitHealthy(container: string, words: Words, seconds: number, name: string): Words {
  const test = wordsText(['docker', 'exec', container, ...words]);
  const running = wordsText(['docker', 'inspect', '--format', '{{.State.Running}}', container]);
  const failed = `printf '%s\\n' ${quote(`${container} did not become healthy: ${name} exits with`)}" $code" "$answer" >&2; exit 1`;
  return [
    'sh',
    '-c',
    [
      `end=$(($(date +%s) + ${Math.ceil(seconds)}))`,
      `until answer=$(${test} 2>&1); do code=$?; [ "$(${running})" = true ] && [ "$(date +%s)" -lt "$end" ] || { ${failed}; }; sleep 0.5; done`,
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

/**
 * Waits until this machine's engine answers, at most `seconds`: one that was killed is back after a moment, and half of a
 * clean-up is worse than none. Then it ends with 255, as ssh does when the machine itself does not answer.
 */
export function awaitEngine(seconds: number): Words {
  return [
    'sh',
    '-c',
    [
      `end=$(($(date +%s) + ${seconds}))`,
      'until timeout 10 docker version >/dev/null 2>&1; do [ "$(date +%s)" -lt "$end" ] || exit 255; sleep 0.2; done',
    ].join('; '),
  ];
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

/** The container of a lock: it does nothing. */
export interface LockContainer {
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
}

// It needs neither a network nor a log, which halves the cost of its start.
const optionsOf = ({name, image, labels}: LockContainer): ContainerOptions => ({
  image,
  name,
  labels,
  network: 'none',
  log: {driver: 'none'},
  entrypoint: 'sleep',
  options: ['--no-healthcheck'],
  command: ['infinity'],
});

/** A lock to take or to renew. */
export interface LockTerm {
  readonly container: LockContainer;
  /** `jo@laptop` */
  readonly owner: string;
  readonly reason: string;
  /** Unique to this run of a task. */
  readonly token: string;
  /** From now, by the clock of the machine that holds it. */
  readonly seconds: number;
}

/**
 * The second half of a lock, which no prune takes: until its first renewal starts the container, a prune can remove that,
 * and another deployer could take the name. In a directory that all users have, since they deploy as different ones.
 */
export const lockFile = (name: string): string => `/tmp/entrypoint.${name}`;

// That of another user cannot be removed. It only counts until it expires.
const removeFile = (name: string): string => `rm -f ${quote(lockFile(name))} 2>/dev/null || :`;

// Only who has the container writes it. It is created anew: nothing is written through a link that another user made.
const writeFile = ({container: {name}, owner, reason, token, seconds}: LockTerm): string =>
  `${removeFile(name)}; (umask 022; set -C; echo "$(($(date +%s) + ${seconds}))" ${wordsText([token, owner, reason])} >${quote(lockFile(name))}) 2>/dev/null || :`;

/** Printed with the seconds that are left, owner and reason of a lock whose container a prune has removed. */
export const heldMark = 'entrypoint: locked:';

/**
 * Takes a lock. A container's name is unique on an engine: for all deployers, creating it is atomic. It starts with its
 * first renewal: that costs ten times as much, and most deploys end before. Fails with {@link heldMark} where another
 * deployer's file is still valid.
 */
export const takeLock = (lock: LockTerm): Words => {
  const {container, token, seconds} = lock;
  const file = quote(lockFile(container.name));
  return [
    'sh',
    '-c',
    [
      `${wordsText(dockerCreate(optionsOf(container)).words)} || exit`,
      `u=; t=; w=; { read -r u t w <${file}; } 2>/dev/null || :`,
      // Any user can write there.
      `case $u in '' | *[!0-9]* | ????????????*) u=0 ;; esac; l=$((u - $(date +%s)))`,
      `if [ "$t" != ${quote(token)} ] && [ "$l" -gt 0 ] && [ "$l" -le ${seconds} ]; then ${wordsText(dockerRemove(container.name))} >/dev/null; echo "${heldMark} $l $w" >&2; exit 1; fi`,
      writeFile(lock),
    ].join('; '),
  ];
};

/**
 * Releases a lock, and removes containers in the same call of docker.
 * @param others names of the containers
 */
export const releaseLock = (name: string, ...others: string[]): Words => [
  'sh',
  '-c',
  `${removeFile(name)}; ${wordsText(dockerRemove(...others, name))}`,
];

/**
 * The same, where it may not have been taken, or by another deployer meanwhile.
 * @param mine labels that only this deployer's lock has
 */
export const releaseOwnLock = (name: string, token: string, mine: Readonly<Record<string, string>>): Words => [
  'sh',
  '-c',
  `! ${wordsText(['grep', '-qs', token, lockFile(name)])} || ${removeFile(name)}; ${shellText(dockerRemoveLabelled(mine))}`,
];

const deadline = '{{.HostConfig.RestartPolicy.MaximumRetryCount}}';

/**
 * Extends the lock with these labels by `seconds` from now, by the clock of the machine that holds it: its restart limit,
 * the one number of a container that can be changed, stores the deadline, in seconds since 1970. A lock that stopped
 * with its engine is started again. One that is gone is taken again, which fails when another deployer has its name.
 * @param mine labels that only this deployer's lock has
 */
export const renewLock = (lock: LockTerm, mine: Readonly<Record<string, string>>): Words => [
  'sh',
  '-c',
  [
    `id=$(${wordsText(dockerIds(mine))}) || exit`,
    `if [ -n "$id" ]; then docker update --restart "on-failure:$(($(date +%s) + ${lock.seconds}))" "$id" && docker start "$id" || exit; else ${wordsText(dockerRun(optionsOf(lock.container), 'detached').words)} || exit; fi`,
    writeFile(lock),
  ].join('; '),
];

/**
 * Removes the lock of a dead deployer, unless it was renewed or removed since it was read: of two that take it over at
 * the same time, the second must not remove the lock of the first.
 * @param stamp the deadline that it had
 */
export const removeDeadLock = (name: string, id: string, stamp: string): Words => [
  'sh',
  '-c',
  `[ "$(${wordsText(['docker', 'inspect', '--format', deadline, id])} 2>/dev/null)" != ${quote(stamp)} ] || { ${removeFile(name)}; ${wordsText(dockerRemove(id))}; }`,
];
