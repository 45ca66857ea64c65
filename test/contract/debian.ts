import {join} from 'node:path';
import type {Report} from '../../src/contract/check.ts';
import {runCommand, tagOf} from './fixtures.ts';

const directory = join(import.meta.dirname, 'debian');
const cli = join(import.meta.dirname, '../../src/cli/bin.ts');

/** What an image breaks, found by hand: by its Dockerfile and by the manual of its program. */
export interface Answers {
  /** An image that exists. Default: built from the Dockerfile in its directory. */
  readonly image?: string;
  /** Options of `entrypoint check` by which the image can be checked. */
  readonly options: readonly string[];
  readonly breaks: readonly string[];
  /** Rules that it breaks on some machines: with more CPUs, or less memory. */
  readonly either?: readonly string[];
  /** The evidence of clean-signals. */
  readonly signals: RegExp;
}

/** None has labels, a health check, or a port that PORT sets. */
const bare = ['has-health-check', 'has-labels', 'honours-port'];
/** They start as root, to open port 80 and directories of other users. */
const root = ['not-root', 'runs-as-any-user', 'runs-read-only', 'runs-without-capabilities'];
/** They keep data in the container, in a directory of their user. */
const ownData = ['numeric-user', 'runs-as-any-user', 'runs-read-only', 'stateless'];
const connect = ['--tcp'];
const none = /^none blocked or ignored/;
const itself = (signal: string): RegExp => new RegExp(`^inherits none; set by the program itself: .*${signal}`);

export const answers: Readonly<Record<string, Answers>> = {
  // Go blocks a signal in the threads that use it for timers. Its files belong to its own user.
  registry: {
    image: 'entrypoint/registry:2.8',
    options: [],
    breaks: [],
    signals: /^none blocked|^inherits none; set by the program itself: docker-registry/,
  },
  // As process 1, it waits for no children of others.
  memcached: {options: connect, breaks: [...bare, 'orphans-are-reaped'], signals: none},
  // Keeps the bodies of requests in /var/lib/nginx.
  nginx: {options: [], breaks: [...bare, ...root, 'stateless'], signals: none},
  // apache2ctl stays as process 1 and forwards no signal. The threads of apache2 block signals, so that one handles them.
  apache: {
    options: [],
    breaks: [...bare, ...root, 'logs-on-stdout', 'stops-on-sigterm'],
    signals: itself('SIG\\w+ blocked'),
  },
  // Its directory, which its configuration needs, is its own. Ignores SIGHUP, for a terminal that is closed.
  redis: {
    options: connect,
    breaks: [...bare, 'orphans-are-reaped', 'numeric-user', 'runs-as-any-user', 'code-is-read-only'],
    signals: itself('SIGHUP ignored'),
  },
  // Go blocks a signal in the threads that use it for timers.
  prometheus: {
    options: ['--health=/-/ready'],
    breaks: [...bare, 'orphans-are-reaped'],
    signals: /^none blocked|^inherits none; set by the program itself: prometheus/,
  },
  // As process 1, it cannot end by raising the signal again, and exits with 1.
  puma: {options: [], breaks: [...bare, 'stops-on-sigterm'], signals: itself('SIGINT ignored')},
  // SIGTERM is its immediate stop: with a request in flight it exits with 1. Drops root itself.
  lighttpd: {
    options: [],
    breaks: [...bare, 'stops-on-sigterm', 'runs-as-any-user', 'runs-read-only', 'logs-on-stdout'],
    signals: none,
  },
  // The thread that waits for signals is another one than its main thread.
  mosquitto: {
    options: connect,
    breaks: [...bare, 'orphans-are-reaped', 'numeric-user'],
    signals: itself('SIGTERM blocked'),
  },
  // Its data are its own, in the image, and so is the key that ssl-cert made at the installation.
  postgresql: {
    options: connect,
    breaks: [...bare, ...ownData, 'no-secret-in-layers'],
    signals: itself('SIGTERM ignored'),
  },
  // tc.log and ddl_recovery.log are no logs: they are data.
  mariadb: {
    options: connect,
    breaks: [...bare, ...ownData, 'orphans-are-reaped'],
    signals: itself('SIGTERM blocked|SIGHUP blocked'),
  },
  // Java waits for its own children only. Its directories for compiled pages and logs belong to its own user.
  tomcat: {
    options: ['--start-timeout=60'],
    breaks: [...bare, 'numeric-user', 'runs-as-any-user', 'stateless', 'logs-on-stdout', 'orphans-are-reaped'],
    signals: none,
  },
  // Its script starts Erlang in the background of a shell, which makes it ignore SIGINT and SIGQUIT: no false alarm.
  rabbitmq: {
    options: [...connect, '--start-timeout=90'],
    // Its banner has 19 lines.
    breaks: [...bare, ...ownData, 'logs-on-stdout', 'clean-signals', 'one-event-a-line'],
    either: ['honours-memory-limit', 'honours-pid-limit'],
    signals: /^beam\.smp starts with SIG\w+ ignored/,
  },
};

/** Builds the image of a program; returns its tag. */
export async function imageOf(name: string): Promise<string> {
  const {image} = answers[name] ?? {};
  if (image !== undefined) return image;
  const tag = tagOf(`debian-${name}`);
  const {code, stdout, stderr} = await runCommand('docker', ['build', '--quiet', '--tag', tag, name], {cwd: directory});
  if (code !== 0) throw new Error(`${name}: ${stdout}${stderr}`);
  return tag;
}

/** Checks it by some rules; by all of them without any. */
export async function checkDebian(name: string, tag: string, rules: readonly string[]): Promise<Report> {
  const words = [...(answers[name]?.options ?? []), ...rules.map((rule) => `--rule=${rule}`)];
  const {code, stdout, stderr} = await runCommand(
    process.execPath,
    [cli, '--quiet', 'check', tag, '--format=json', ...words],
    {cwd: directory},
  );
  try {
    return JSON.parse(stdout) as Report;
  } catch {
    throw new Error(`${name}: exit code ${code}\n${stderr}`);
  }
}
