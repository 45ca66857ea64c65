import {graceSeconds} from '../image/subject.ts';
import {endedByItself, stoppedText} from '../probes/drain.ts';
import {hasSignal, serviceProcesses} from '../probes/process-tree.ts';
import {fail, notApplicable, pass, type Rule, verdict, whenAlive, whenAnswered} from './rule.ts';

const mustReach = ['HUP', 'INT', 'QUIT', 'TERM', 'CHLD', 'ALRM'];

/** Process 1, signals and exit codes. */
export const signalRules: readonly Rule[] = [
  {
    id: 'orphans-are-reaped',
    severity: 'error',
    summary: 'processes whose parent has gone leave no zombies',
    how: '20 orphans are made in its pid namespace; 2 s later none may be left',
    fix: 'put an init in front: tini, catatonit, dumb-init -c',
    check: ({served}) =>
      whenAlive(served, ({zombies, processes}) => {
        const init = processes.find(({pid}) => pid === 1)?.name ?? 'pid 1';
        return zombies === 0 ? pass(`${init} reaped 20 of 20`) : fail(`${init} left ${zombies} of 20 as zombies`);
      }),
  },
  {
    id: 'stops-on-sigterm',
    severity: 'error',
    summary: 'SIGTERM ends it within the grace time',
    how: `the stop signal; within ${graceSeconds} s it has to end with exit code 0 (or 143)`,
    fix: 'handle SIGTERM in the service, and let every program in front of it pass the signal on or give way by exec',
    check: async ({served, drained}) =>
      whenAnswered(served, await drained(), ({stopped}) =>
        endedByItself(stopped) ? pass(stoppedText(stopped)) : fail(stoppedText(stopped)),
      ),
  },
  {
    id: 'finishes-requests',
    severity: 'error',
    summary: 'a request that is under way at SIGTERM gets its whole answer',
    how: 'SIGTERM while a slow path works; without one between the two halves of a request, which can only pass',
    fix: 'at SIGTERM stop accepting, finish what is open, then end; in Node that takes more than server.close()',
    check: async ({served, drained, subject}) =>
      whenAnswered(served, await drained(), ({reply, stopped}) => {
        const what = subject.slow === undefined ? `GET ${subject.health} in two halves` : `GET ${subject.slow}`;
        if (reply.early)
          return notApplicable(
            `${what} was answered before SIGTERM: name a path that takes two seconds, with --slow-path`,
          );
        if (reply.complete && reply.status < 500)
          return pass(`${what}: ${reply.status}, whole; ended after ${stopped.seconds.toFixed(1)} s`);
        // Some servers take a request for theirs only when its head is complete. Go's does, by design.
        if (subject.slow === undefined && reply.status === 0)
          return notApplicable(
            `${what} was dropped, as some servers do by design: name a path that takes two seconds, with --slow-path`,
          );
        return fail(
          `${what}: ${reply.status === 0 ? 'no answer' : reply.complete ? String(reply.status) : `${reply.status}, cut off`}`,
        );
      }),
  },
  {
    id: 'one-signal-per-worker',
    severity: 'error',
    summary: 'the init signals the server, not its workers as well',
    how: 'all processes but pid 1 are frozen, the stop signal is sent, and no worker may have it pending',
    fix: 'tini without -g, or dumb-init with -c: a server with workers hands the signal on itself',
    check: ({served}) =>
      whenAlive(served, ({death}) => {
        const workers = death?.workers;
        if (workers === undefined) return notApplicable('the service has no workers below a server of its own');
        return workers.signalled === 0
          ? pass(`none of ${workers.count} workers was signalled from outside`)
          : fail(`${workers.signalled} of ${workers.count} workers were signalled from outside`);
      }),
  },
  {
    id: 'clean-signals',
    severity: 'error',
    summary: 'the service starts with no signal blocked or ignored that somebody may send it',
    how: `/proc/PID/status of each of its processes: ${mustReach.join(', ')}`,
    fix: 'reset signals before exec; do not start the service with nohup, or in the background of a shell',
    check: ({served}) =>
      whenAlive(served, ({processes}) =>
        verdict(
          serviceProcesses(processes).flatMap(({pid, name, blocked, ignored}) =>
            mustReach
              .filter((signal) => hasSignal(blocked, signal) || hasSignal(ignored, signal))
              .map((signal) => `${name} (${pid}) ${hasSignal(blocked, signal) ? 'blocks' : 'ignores'} SIG${signal}`),
          ),
          `${serviceProcesses(processes).length} processes, none blocked or ignored`,
        ),
      ),
  },
  {
    id: 'exit-codes-pass-through',
    severity: 'error',
    summary: 'when the service dies, its container ends, with an exit code that says so',
    how: 'its main process is killed; within 5 s the container has to end with another code than 0',
    fix: 'exec the service, or end with its exit code; leave restarts to the platform, not to a supervisor inside',
    check: ({served}) =>
      whenAlive(served, ({death}) => {
        if (death === undefined || !death.returns)
          return notApplicable('does not answer: see starts and survives-kill');
        if (death.crash === undefined) return pass("the service is pid 1: its end is the container's");
        const {process, exitCode} = death.crash;
        if (exitCode === undefined) return fail(`${process} was killed, and the container runs on`);
        return exitCode === 0
          ? fail(`${process} was killed, and the container says 0`)
          : pass(`${process} was killed, exit code ${exitCode}`);
      }),
  },
  {
    id: 'survives-kill',
    severity: 'error',
    summary: 'after SIGKILL it starts again',
    how: 'docker kill --signal KILL, docker start, and asked again in the same container',
    fix: 'let no lock, pid or socket file of the last run stop the next one',
    check: ({served}) =>
      whenAlive(served, ({death}) => {
        if (death === undefined) return notApplicable('does not answer: see starts');
        return death.returns ? pass('answers again') : fail('does not answer any more');
      }),
  },
];
