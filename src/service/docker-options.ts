import {nearest} from '../text/nearest.ts';

// The words of `docker_options`, which go into `docker run` as they are: what cannot work there is refused before docker
// sees it, in the middle of a deploy.

/** A word that cannot work, by its index. */
export interface WrongWord {
  readonly index: number;
  /** The end of a sentence that begins with the word's place. */
  readonly message: string;
}

const switches = new Set(
  'detach disable-content-trust help init interactive no-healthcheck oom-kill-disable privileged publish-all quiet read-only rm sig-proxy tty use-api-socket'.split(
    ' ',
  ),
);

/** Options with a value. */
const valued = new Set(
  (
    'add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent cgroupns cidfile cpu-count ' +
    'cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems detach-keys ' +
    'device device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops dns dns-opt dns-option ' +
    'dns-search domainname entrypoint env env-file expose gpus group-add health-cmd health-interval health-retries ' +
    'health-start-interval health-start-period health-timeout hostname io-maxbandwidth io-maxiops ip ip6 ipc isolation ' +
    'kernel-memory label label-file link link-local-ip log-driver log-opt mac-address memory memory-reservation memory-swap ' +
    'memory-swappiness mount name net net-alias network network-alias oom-score-adj pid pids-limit platform publish pull ' +
    'restart runtime security-opt shm-size stop-signal stop-timeout storage-opt sysctl tmpfs ulimit user userns uts volume ' +
    'volume-driver volumes-from workdir'
  ).split(' '),
);

const long: Readonly<Record<string, string>> = {
  a: 'attach',
  c: 'cpu-shares',
  d: 'detach',
  e: 'env',
  h: 'hostname',
  i: 'interactive',
  l: 'label',
  m: 'memory',
  P: 'publish-all',
  p: 'publish',
  q: 'quiet',
  t: 'tty',
  u: 'user',
  v: 'volume',
  w: 'workdir',
};

/** What deploys decide themselves, or what keeps a new release from starting beside the old one. */
const refused: Readonly<Record<string, string>> = {
  attach: 'is not possible: replicas run in the background',
  cidfile: 'is not possible: the file would exist when the next replica starts',
  detach: 'is set by deploys',
  help: 'would print the help of docker instead of starting the service',
  ip: 'is not possible: a new release starts beside the old one, which has the address',
  ip6: 'is not possible: a new release starts beside the old one, which has the address',
  'log-driver': 'is set by deploys: use `log`',
  'log-opt': 'is set by deploys: use `log`, which checks it',
  'mac-address': 'is not possible: a new release starts beside the old one, which has the address',
  name: 'is set by deploys: each replica has a name of its own',
  net: 'is set by deploys: use `network`',
  network: 'is set by deploys: use `network`',
  restart: 'is set by deploys: replicas start again with the engine',
  rm: 'is not possible: a rollback starts the containers again',
};

/** The words that cannot work, in their order. */
export function wrongDockerOptions(words: readonly string[]): WrongWord[] {
  const wrong: WrongWord[] = [];
  for (let index = 0; index < words.length;) {
    const {name, written, value, used} = optionAt(words, index);
    const message =
      name === undefined
        ? `is no option of docker run: docker would take ${JSON.stringify(written)} for the image`
        : mistake(name, written, value);
    if (message !== undefined) wrong.push({index, message});
    index += used;
  }
  return wrong;
}

interface OptionAt {
  /** Its long name; undefined for a word that is no option. */
  readonly name: string | undefined;
  /** As it is written, without its value. */
  readonly written: string;
  /** Undefined for a switch, and where the value is missing. */
  readonly value: string | undefined;
  /** How many words it takes. */
  readonly used: number;
}

function optionAt(words: readonly string[], index: number): OptionAt {
  const word = words[index] ?? '';
  const next = words[index + 1];
  const plain = /^--([^=]+)(?:=(.*))?$/s.exec(word);
  if (plain !== null) {
    const [, name = '', value] = plain;
    const written = `--${name}`;
    if (value !== undefined || !takesNext(name)) return {name, written, value, used: 1};
    return {name, written, value: next, used: 2};
  }
  if (!/^-[^-]/.test(word)) return {name: undefined, written: word, value: undefined, used: 1};
  // Switches can be joined: -it. The first letter with a value takes the rest of the word, or the next one.
  for (let at = 1; at < word.length; at += 1) {
    const letter = word[at] ?? '';
    const name = long[letter] ?? letter;
    const written = `-${letter}`;
    if (refused[name] !== undefined || long[letter] === undefined) return {name, written, value: undefined, used: 1};
    if (switches.has(name)) continue;
    const rest = word.slice(at + 1).replace(/^=/, '');
    return rest === '' ? {name, written, value: next, used: 2} : {name, written, value: rest, used: 1};
  }
  return {name: long[word.at(-1) ?? ''], written: word, value: undefined, used: 1};
}

// A later version of docker can have further options: most have a value, which does not look like an option.
const takesNext = (name: string): boolean => valued.has(name);

function mistake(name: string, written: string, value: string | undefined): string | undefined {
  const known = switches.has(name) || valued.has(name);
  if (!known) {
    const near = nearest(name, [...switches, ...valued]);
    return `${written} is no option of docker run${near === undefined ? '' : `; did you mean --${near}?`}`;
  }
  if (refused[name] !== undefined) return `${written} ${refused[name]}`;
  if (valued.has(name) && value === undefined) return `${written} has no value`;
  if (switches.has(name) && value !== undefined && !/^(?:1|0|t|f|true|false)$/i.test(value))
    return `${written} must be true or false`;
  if (name === 'publish' && takesFixedPort(value ?? ''))
    return `${written} ${value} is not possible: a new release starts beside the old one, which has the port; the load balancer publishes it (load_balancer.port)`;
  if (name === 'hostname' && !/^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/.test(value ?? ''))
    return `${written} must be a host name of at most 63 characters`;
  if (name === 'label' && (value ?? '').startsWith('entrypoint.'))
    return `${written} ${value} is reserved: deploys find their containers by labels that begin with entrypoint.`;
  if (name === 'env' && /^PORT(?:=|$)/.test(value ?? '')) return `${written} ${value} is set by deploys: use \`port\``;
  return undefined;
}

/** `8080:80`, `127.0.0.1:8080:80` and `[::1]:8080:80` have a fixed port on the host, `80` and `127.0.0.1::80` have none. */
const takesFixedPort = (value: string): boolean => /^(?:.*:)?[0-9-]+:[0-9-]+(?:\/\w+)?$/.test(value);
