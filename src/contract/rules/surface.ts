import {openInputs} from '../image/layers.ts';
import {otherPort} from '../probes/limits.ts';
import {fail, notApplicable, pass, type Rule, silent, someOf, verdict, whenAlive, whenAnswered} from './rule.ts';

// Where a service may write: what a tmpfs is mounted at on a careful platform, and what the engine writes itself.
const temporary = /^\/(tmp|run|var\/run|var\/tmp|dev|proc|sys)(\/|$)|^\/etc\/(hosts|hostname|resolv\.conf|mtab)$/;
const logFile = /^\/var\/log\/|\.log(\.\d+)?$|(^|\/)logs?\/[^/]+$/;
/** CPU milliseconds that one health check may take: below 1 % of a CPU when it is asked every ten seconds. */
const healthCheckMs = 100;

/** What a platform sees of it: ports, logs, files, health check, labels. */
export const surfaceRules: readonly Rule[] = [
  {
    id: 'binds-all-addresses',
    severity: 'error',
    summary: 'it listens on all addresses, not on the loopback',
    how: 'asked from another container of its network; then from inside its own',
    fix: 'listen on 0.0.0.0 (or ::)',
    async check({served, subject}) {
      const found = await served();
      if (found.where === 'nowhere') return silent(found);
      return found.where === 'loopback'
        ? fail(`port ${subject.port} answers on 127.0.0.1 only`)
        : pass(`port ${subject.port} answers from the network`);
    },
  },
  {
    id: 'honours-port',
    severity: 'error',
    summary: 'PORT says where it listens',
    how: `run with PORT=${otherPort} and asked there`,
    fix: "read PORT, with the image's own port as its default",
    check: async ({served, limits, subject}) =>
      whenAnswered(served, (await limits())?.port, ({answered}) =>
        answered
          ? pass(`PORT=${otherPort}: answers there`)
          : fail(`PORT=${otherPort}: does not answer there (does on ${subject.port})`),
      ),
  },
  {
    id: 'logs-on-stdout',
    severity: 'error',
    summary: 'the log is the standard output, and no file',
    how: 'docker logs and docker diff after a few requests',
    fix: 'write the log to the standard output; nobody rotates or reads a file in a container',
    check: ({served}) =>
      whenAlive(served, ({logged, written}) => {
        const files = written.filter((path) => logFile.test(path));
        if (files.length > 0) return fail(`writes ${someOf(files)}`);
        return logged.stdout + logged.stderr === 0
          ? fail('says nothing, on neither stream, from start to request')
          : pass(`${logged.stdout} characters on stdout, ${logged.stderr} on stderr, no log files`);
      }),
  },
  {
    id: 'stateless',
    severity: 'error',
    summary: 'it writes no files but temporary ones',
    how: 'docker diff after a few requests, without /tmp, /run and log files',
    fix: 'keep state in a backing service, what is temporary in /tmp',
    check: ({served, image: {volumes}}) =>
      whenAlive(served, ({written}) =>
        verdict(
          // The engine makes the directory of a volume itself: that is the next rule's.
          written.filter((path) => !temporary.test(path) && !logFile.test(path) && !volumes.includes(path)),
          'writes no files',
        ),
      ),
  },
  {
    id: 'no-volume',
    severity: 'error',
    summary: 'the image declares no VOLUME',
    how: 'docker image inspect',
    fix: 'take VOLUME out: who runs a container that needs a volume says so',
    check: ({image: {volumes}}) =>
      verdict(
        volumes.map((path) => `VOLUME ${path}`),
        'none',
      ),
  },
  {
    id: 'has-health-check',
    severity: 'error',
    summary: 'there is a health check, and it agrees that the service is well',
    how: 'docker image inspect, and the check run in the container while the service answers',
    fix: 'HEALTHCHECK CMD ["program", "word"]',
    check: async ({image: {healthCheck}, served}) => {
      if (healthCheck.length === 0) return fail('no HEALTHCHECK');
      const {where, alive} = await served();
      const found = alive?.healthCheck;
      if (where === 'nowhere' || found === undefined) return notApplicable('does not answer: see starts');
      return found.exitCode === 0
        ? pass(JSON.stringify(healthCheck))
        : fail(`exit code ${found.exitCode} while the service answers: ${found.output}`);
    },
  },
  {
    id: 'health-check-is-cheap',
    severity: 'warning',
    summary: `a health check costs less than ${healthCheckMs} ms of CPU`,
    how: "CPU time of the container's cgroup over three checks",
    fix: "ask with what is small: a shell's own sockets, wget; no interpreter of 40 MB every few seconds",
    check: ({image: {healthCheck}, served}) =>
      whenAlive(served, ({healthCheck: found}) => {
        if (healthCheck.length === 0) return notApplicable('no HEALTHCHECK');
        if (found?.cpuMs === undefined) return notApplicable('it fails, or its CPU time cannot be read');
        const told = `${found.cpuMs.toFixed(0)} ms of CPU a check`;
        return found.cpuMs < healthCheckMs ? pass(told) : fail(told);
      }),
  },
  {
    id: 'has-labels',
    severity: 'warning',
    summary: 'labels say what it is and which commit it was made of',
    how: 'docker image inspect: org.opencontainers.image.title and .revision',
    fix: 'LABEL org.opencontainers.image.title=NAME org.opencontainers.image.revision=COMMIT, last in the Dockerfile',
    check({image: {labels}}) {
      const wanted = ['title', 'revision'].map((name) => `org.opencontainers.image.${name}`);
      return verdict(
        wanted.filter((name) => !labels[name]).map((name) => `no ${name}`),
        wanted.map((name) => labels[name]).join(' '),
      );
    },
  },
  {
    id: 'reproducible',
    severity: 'warning',
    summary: 'it was made of one commit and of pinned dependencies, so that it can be made again',
    how: 'the revision in its labels, and manifests and lock files in its working directory',
    fix: 'commit first, then build; commit the lock file, and pin requirements with ==',
    check: async ({image: {labels, directory}, layers}) =>
      verdict(
        openInputs(await layers(), directory, labels['org.opencontainers.image.revision'] ?? ''),
        'one commit, nothing left open',
      ),
  },
];
