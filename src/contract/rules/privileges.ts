import {startsAsRoot} from '../image/facts.ts';
import {endedByItself, type Stopped, stoppedText} from '../probes/drain.ts';
import type {Lab} from '../probes/lab.ts';
import type {Outcome, Restriction} from '../probes/limits.ts';
import {serviceProcesses} from '../probes/process-tree.ts';
import {fail, type Finding, notApplicable, pass, type Rule, verdict, whenAlive, whenAnswered} from './rule.ts';

/** Users, capabilities and limits. */
export const privilegeRules: readonly Rule[] = [
  {
    id: 'not-root',
    severity: 'error',
    summary: 'no process of the service is root',
    how: '/proc/PID/status of each of its processes',
    fix: 'USER 10001 in the Dockerfile, or let the entry point give root up (setpriv) before the init',
    check: ({served}) =>
      whenAlive(served, ({processes}) => {
        const uids = [...new Set(serviceProcesses(processes).map(({uid}) => uid))];
        return verdict(
          processes.filter(({uid, zombie}) => uid === 0 && !zombie).map(({name, pid}) => `${name} (${pid}) is root`),
          `runs as ${uids.join(', ')}`,
        );
      }),
  },
  {
    id: 'numeric-user',
    severity: 'error',
    summary: 'the user is a number, which a platform can see is not root',
    how: 'docker image inspect, and the user ids of its processes',
    fix: 'USER 10001:10001 in place of a name',
    check({image, served}) {
      const user = image.user.split(':')[0] ?? '';
      if (/^[1-9]\d*$/.test(user)) return pass(`USER ${image.user}`);
      if (!startsAsRoot(image)) return fail(`USER ${image.user} is a name: Kubernetes refuses it with runAsNonRoot`);
      return whenAlive(served, ({processes}) => {
        const uids = [...new Set(serviceProcesses(processes).map(({uid}) => uid))];
        return uids.includes(0)
          ? notApplicable('runs as root: see not-root')
          : pass(`starts as root and becomes ${uids.join(', ')}`);
      });
    },
  },
  restricted(
    'runs-as-any-user',
    'user',
    'it runs as a user id that the image does not know',
    'ask no user database for names, and let group 0 write what the service writes',
  ),
  restricted(
    'runs-read-only',
    'readOnly',
    'it runs on a read-only root file system with a tmpfs at /tmp',
    'write to /tmp only, or nowhere',
  ),
  restricted(
    'runs-without-capabilities',
    'capabilities',
    'it runs, and stops, without capabilities and new privileges',
    'listen above 1024; give root up before the init starts, or the init may not signal its child',
  ),
  restricted(
    'honours-memory-limit',
    'memory',
    'it runs with 256 MB of memory',
    'size heaps and workers by the limit of the cgroup, not by the machine',
  ),
  restricted(
    'honours-pid-limit',
    'pids',
    'it runs with 100 processes and threads',
    'size workers and threads by the CPUs of the cgroup, not of the machine',
  ),
  {
    id: 'no-setuid',
    severity: 'error',
    summary: 'no file changes the user or the group of who runs it',
    how: 'the modes of all files that the layers leave',
    fix: 'RUN find / -xdev -type f -perm /6000 -exec chmod a-s {} +',
    async check({layers}) {
      const {entries} = await layers();
      const found = [...entries.values()].filter(
        ({type, mode}) => (type === 'file' || type === 'link') && (mode & 0o6000) !== 0,
      );
      return verdict(
        found.map(({path}) => `/${path}`),
        `none of ${entries.size} files`,
      );
    },
  },
  {
    id: 'code-is-read-only',
    severity: 'warning',
    summary: 'the service cannot change its own code',
    how: 'owners and modes of the files in its working directory, for the users that it runs as',
    fix: 'COPY without --chown: the files belong to root, and everybody may read them',
    async check({layers, served, image}) {
      const directory = image.directory.replace(/^\//, '');
      if (directory === '') return notApplicable('no WORKDIR');
      const {entries} = await layers();
      return whenAlive(served, ({processes}) => {
        const uids = new Set(serviceProcesses(processes).map(({uid}) => uid));
        if (uids.has(0)) return notApplicable('runs as root: see not-root');
        const code = [...entries.values()].filter(
          ({path, type}) => (path === directory || path.startsWith(`${directory}/`)) && type !== 'other',
        );
        const writable = code.filter(({uid, mode}) => (mode & 0o002) !== 0 || (uids.has(uid) && (mode & 0o200) !== 0));
        return verdict(
          writable.map(({path}) => `/${path}`),
          `none of ${code.length} files in ${image.directory} is writable`,
        );
      });
    },
  },
];

function restricted(id: string, restriction: Restriction, summary: string, fix: string): Rule {
  return {
    id,
    summary,
    fix,
    severity: 'error',
    how: 'run with the restriction, asked, and stopped (with the other restrictions at once; alone where that fails)',
    check: (lab) => judge(lab, restriction),
  };
}

async function judge({served, limits, drained}: Lab, restriction: Restriction): Promise<Finding> {
  const [found, usual] = await Promise.all([limits(), drained()]);
  return whenAnswered(served, found?.[restriction], (outcome) => judgeOutcome(outcome, usual?.stopped));
}

/** `usual` is how the service stops without restrictions: one that never does is a failure of its own. */
function judgeOutcome({how, answered, error, state, stopped}: Outcome, usual: Stopped | undefined): Finding {
  if (state.killedForMemory) return fail(`${how}: killed, out of memory`);
  if (!answered)
    return fail(
      `${how}: ${state.running ? `no good answer (${error || 'not ready'})` : `ended with exit code ${state.exitCode} ${state.error}`.trim()}`,
    );
  if (stopped !== undefined && usual !== undefined && endedByItself(usual) && !endedByItself(stopped)) {
    return fail(`${how}: answers, but at SIGTERM: ${stoppedText(stopped)}`);
  }
  return pass(`${how}: answers`);
}
