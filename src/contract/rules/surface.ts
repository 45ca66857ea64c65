import {unpinnedInputs} from '../image/layers.ts';
import {otherPort} from '../probes/restrictions.ts';
import {
  fail,
  notApplicable,
  pass,
  passUnless,
  type Rule,
  shortList,
  unreachable,
  whenAnswered,
  whenRunning,
} from './rule.ts';

// Writable paths: the usual tmpfs mounts of a hardened platform, and files that the engine writes itself.
const temporary = /^\/(tmp|run|var\/run|var\/tmp|dev|proc|sys)(\/|$)|^\/etc\/(hosts|hostname|resolv\.conf|mtab)$/;
/** Docker splits longer ones. */
const mostOfLine = 16 * 1024;
/** CPU milliseconds of one health check: 1 % of a CPU at one check every ten seconds. */
const healthCheckMs = 100;

/** The service as a platform sees it: ports, log, files, health check, labels. */
export const surfaceRules: readonly Rule[] = [
  {
    id: 'binds-all-addresses',
    severity: 'error',
    summary: 'the service listens on all addresses, not only on the loopback',
    how: 'requests from another container of its network, then from its own network namespace',
    fix: 'listen on 0.0.0.0 (or ::)',
    async check({normalRun, service}) {
      const run = await normalRun();
      if (run.reachableFrom === 'nowhere') return unreachable(run);
      return run.reachableFrom === 'loopback'
        ? fail(`port ${service.port} answers only on 127.0.0.1`)
        : pass(`port ${service.port} answers from the network`);
    },
  },
  {
    id: 'honours-port',
    severity: 'error',
    summary: 'PORT sets the port that the service listens on',
    how: `run with PORT=${otherPort}; must answer on that port`,
    fix: "read PORT, and default to the image's own port",
    check: async ({normalRun, restrictions, service}) =>
      whenAnswered(normalRun, (await restrictions())?.port, ({answered}) =>
        answered
          ? pass(`PORT=${otherPort}: answers there`)
          : fail(`PORT=${otherPort}: does not answer there (answers on ${service.port})`),
      ),
  },
  {
    id: 'logs-on-stdout',
    severity: 'error',
    summary: 'the service logs to stdout or stderr, not to a file',
    how: 'docker logs and docker diff after a few requests',
    fix: 'log to stdout: no platform collects or rotates a file in a container',
    check: ({normalRun}) =>
      whenRunning(normalRun, ({logged, logFiles}) => {
        if (logFiles.length > 0) return fail(`writes ${shortList(logFiles)}`);
        return logged.stdout + logged.stderr === 0
          ? fail('no output on stdout or stderr, from start to request')
          : pass(`${logged.stdout} characters on stdout, ${logged.stderr} on stderr, no log files`);
      }),
  },
  {
    id: 'one-event-a-line',
    severity: 'warning',
    summary: 'an event is one line of the log, also an error with its stack',
    how: 'docker logs after a few requests: lines that continue the one before, and lines of more than 16 KiB',
    fix: 'log JSON lines, with the stack as a field: docs/logs.md',
    check: ({normalRun}) =>
      whenRunning(normalRun, ({log: {lines, continued, longest}}) => {
        if (continued > 0) return fail(`${continued} of ${lines} lines continue an event that began before`);
        return longest > mostOfLine
          ? fail(`a line of ${longest} characters: log drivers split it`)
          : pass(`${lines} lines, the longest of ${longest} characters`);
      }),
  },
  {
    id: 'stateless',
    severity: 'error',
    summary: 'the service writes only temporary files',
    how: 'docker diff after a few requests, without /tmp, /run and log files',
    fix: 'keep state in a backing service, and temporary files in /tmp',
    check: ({normalRun, image: {volumes}}) =>
      whenRunning(normalRun, ({written, logFiles}) =>
        passUnless(
          // The engine creates the directory of a volume; no-volume covers that.
          written.filter((path) => !temporary.test(path) && !logFiles.includes(path) && !volumes.includes(path)),
          'writes no files',
        ),
      ),
  },
  {
    id: 'no-volume',
    severity: 'error',
    summary: 'the image declares no VOLUME',
    how: 'docker image inspect',
    fix: 'remove VOLUME: a container that needs a volume gets it from docker run or the platform',
    check: ({image: {volumes}}) =>
      passUnless(
        volumes.map((path) => `VOLUME ${path}`),
        'none',
      ),
  },
  {
    id: 'has-health-check',
    severity: 'error',
    summary: 'the image has a health check, which succeeds while the service answers',
    how: 'docker image inspect; the check runs in the container while the service answers',
    fix: 'HEALTHCHECK CMD ["program", "word"]',
    check: async ({image: {healthCheck}, normalRun}) => {
      if (healthCheck.length === 0) return fail('no HEALTHCHECK');
      const {reachableFrom, inspection} = await normalRun();
      const result = inspection?.healthCheck;
      if (reachableFrom === 'nowhere' || result === undefined) return notApplicable('does not answer: see starts');
      return result.exitCode === 0
        ? pass(JSON.stringify(healthCheck))
        : fail(`exit code ${result.exitCode} while the service answers: ${result.output}`);
    },
  },
  {
    id: 'health-check-is-cheap',
    severity: 'warning',
    summary: `a health check takes less than ${healthCheckMs} ms of CPU`,
    how: "CPU time of the container's cgroup over three checks",
    fix: "use something small, such as the shell's own sockets or wget, not a 40 MB interpreter every few seconds",
    check: ({image: {healthCheck}, normalRun}) =>
      whenRunning(normalRun, ({healthCheck: result}) => {
        if (healthCheck.length === 0) return notApplicable('no HEALTHCHECK');
        if (result?.cpuMs === undefined) return notApplicable('the check fails, or its CPU time cannot be read');
        const evidence = `${result.cpuMs.toFixed(0)} ms of CPU per check`;
        return result.cpuMs < healthCheckMs ? pass(evidence) : fail(evidence);
      }),
  },
  {
    id: 'has-labels',
    severity: 'warning',
    summary: 'labels name the image and the commit that it was built from',
    how: 'docker image inspect: org.opencontainers.image.title and .revision',
    fix: 'LABEL org.opencontainers.image.title=NAME org.opencontainers.image.revision=COMMIT, last in the Dockerfile',
    check({image: {labels}}) {
      const required = ['title', 'revision'].map((name) => `org.opencontainers.image.${name}`);
      return passUnless(
        required.filter((name) => !labels[name]).map((name) => `no ${name}`),
        required.map((name) => labels[name]).join(' '),
      );
    },
  },
  {
    id: 'reproducible',
    severity: 'warning',
    summary: 'the image was built from one commit and pinned dependencies, so that it can be built again',
    how: 'the revision in its labels, and manifests and lock files in its working directory',
    fix: 'commit, then build; commit the lock file, and pin requirements with ==',
    check: async ({image: {labels, directory}, layers}) =>
      passUnless(
        unpinnedInputs(await layers(), directory, labels['org.opencontainers.image.revision'] ?? ''),
        'one commit, all dependencies pinned',
      ),
  },
];
