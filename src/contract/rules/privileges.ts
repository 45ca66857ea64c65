import {startsAsRoot} from '../image/facts.ts';
import {type Stop, stoppedCleanly, stopText} from '../probes/drain.ts';
import {serviceProcesses} from '../probes/process-tree.ts';
import type {RestrictedRun, Restriction} from '../probes/restrictions.ts';
import {fail, type Finding, notApplicable, pass, passUnless, type Rule, whenAnswered, whenRunning} from './rule.ts';

/** Users, capabilities and limits. */
export const privilegeRules: readonly Rule[] = [
  {
    id: 'not-root',
    severity: 'error',
    summary: 'no process of the service runs as root',
    how: '/proc/PID/status of each of its processes',
    fix: 'USER 10001 in the Dockerfile, or let the entry point drop root (setpriv) before the init',
    check: ({normalRun}) =>
      whenRunning(normalRun, ({processes}) => {
        const uids = [...new Set(serviceProcesses(processes).map(({uid}) => uid))];
        return passUnless(
          processes.filter(({uid, zombie}) => uid === 0 && !zombie).map(({name, pid}) => `${name} (${pid}) is root`),
          `runs as ${uids.join(', ')}`,
        );
      }),
  },
  {
    id: 'numeric-user',
    severity: 'error',
    summary: 'the user is numeric, so that a platform can see that it is not root',
    how: 'docker image inspect, and the user ids of its processes',
    fix: 'USER 10001:10001 instead of a name',
    check({image, normalRun}) {
      const user = image.user.split(':')[0] ?? '';
      if (/^[1-9]\d*$/.test(user)) return pass(`USER ${image.user}`);
      if (!startsAsRoot(image)) return fail(`USER ${image.user} is a name: Kubernetes rejects it with runAsNonRoot`);
      return whenRunning(normalRun, ({processes}) => {
        const uids = [...new Set(serviceProcesses(processes).map(({uid}) => uid))];
        return uids.includes(0)
          ? notApplicable('runs as root: see not-root')
          : pass(`starts as root, then runs as ${uids.join(', ')}`);
      });
    },
  },
  restrictionRule(
    'runs-as-any-user',
    'user',
    'the service runs under a user id that the image does not define',
    'do not look up the user by name, and make what the service writes writable for group 0',
  ),
  restrictionRule(
    'runs-read-only',
    'readOnly',
    'the service runs on a read-only root file system with a tmpfs at /tmp',
    'write only to /tmp, or nowhere',
  ),
  restrictionRule(
    'runs-without-capabilities',
    'capabilities',
    'the service runs and stops without capabilities and new privileges',
    'listen on a port above 1023; drop root before the init starts, or the init cannot signal its child',
  ),
  restrictionRule(
    'honours-memory-limit',
    'memory',
    'the service runs with 256 MB of memory',
    "size heaps and workers by the cgroup's limit, not by the machine",
  ),
  restrictionRule(
    'honours-pid-limit',
    'pids',
    'the service runs with 100 processes and threads',
    "size workers and thread pools by the cgroup's CPUs, not by the machine's",
  ),
  {
    id: 'no-setuid',
    severity: 'error',
    summary: 'no file has the setuid or setgid bit',
    how: 'the modes of all files in the final file system',
    fix: 'RUN find / -xdev -type f -perm /6000 -exec chmod a-s {} +',
    async check({layers}) {
      const {entries} = await layers();
      const setuid = [...entries.values()].filter(
        ({type, mode}) => (type === 'file' || type === 'link') && (mode & 0o6000) !== 0,
      );
      return passUnless(
        setuid.map(({path}) => `/${path}`),
        `none of ${entries.size} files`,
      );
    },
  },
  {
    id: 'code-is-read-only',
    severity: 'warning',
    summary: 'the service cannot modify its own code',
    how: 'owners and modes of the files in its working directory, for the users that it runs as',
    fix: 'COPY without --chown: the files then belong to root, and every user can read them',
    async check({layers, normalRun, image}) {
      const directory = image.directory.replace(/^\//, '');
      if (directory === '') return notApplicable('no WORKDIR');
      const {entries} = await layers();
      return whenRunning(normalRun, ({processes}) => {
        const uids = new Set(serviceProcesses(processes).map(({uid}) => uid));
        if (uids.has(0)) return notApplicable('runs as root: see not-root');
        const code = [...entries.values()].filter(
          ({path, type}) => (path === directory || path.startsWith(`${directory}/`)) && type !== 'other',
        );
        const writable = code.filter(({uid, mode}) => (mode & 0o002) !== 0 || (uids.has(uid) && (mode & 0o200) !== 0));
        return passUnless(
          writable.map(({path}) => `/${path}`),
          `none of ${code.length} files in ${image.directory} is writable`,
        );
      });
    },
  },
];

function restrictionRule(id: string, restriction: Restriction, summary: string, fix: string): Rule {
  return {
    id,
    summary,
    fix,
    severity: 'error',
    how: 'run with all restrictions together, and alone if that fails; must answer, and stop',
    check: async ({normalRun, restrictions, drain}) => {
      const [runs, drained] = await Promise.all([restrictions(), drain()]);
      return whenAnswered(normalRun, runs?.[restriction], (run) => judge(run, drained?.stop));
    },
  };
}

/** `usualStop` is without restrictions: a service that never stops cleanly breaks stops-on-sigterm, not this rule. */
function judge({flags, answered, error, state, stop}: RestrictedRun, usualStop: Stop | undefined): Finding {
  if (state.outOfMemory) return fail(`${flags}: killed, out of memory`);
  if (!answered)
    return fail(
      `${flags}: ${state.running ? `not healthy (${error || 'not ready'})` : `exited with code ${state.exitCode} ${state.error}`.trim()}`,
    );
  if (stop !== undefined && usualStop !== undefined && stoppedCleanly(usualStop) && !stoppedCleanly(stop)) {
    return fail(`${flags}: answers, but at SIGTERM: ${stopText(stop)}`);
  }
  return pass(`${flags}: answers`);
}
