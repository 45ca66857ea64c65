import {graceSeconds} from '../image/service-under-test.ts';
import type {Process} from '../in-container/processes.ts';
import {stoppedCleanly, stopText} from '../probes/drain.ts';
import type {InheritedSignals} from '../probes/inherited-signals.ts';
import {hasSignal, isStarter, mainProcess, serviceProcesses} from '../probes/process-tree.ts';
import {fail, type Finding, notApplicable, pass, type Rule, shortList, whenAnswered, whenRunning} from './rule.ts';

const checkedSignals = ['HUP', 'INT', 'QUIT', 'TERM', 'CHLD', 'ALRM'];

/** Process 1, signals and exit codes. */
export const signalRules: readonly Rule[] = [
  {
    id: 'orphans-are-reaped',
    severity: 'error',
    summary: 'orphaned processes are reaped: none stays a zombie',
    how: '20 orphans are created in its pid namespace; after 2 s none may be left',
    fix: 'start the service under an init: tini, catatonit, dumb-init -c',
    check: ({normalRun}) =>
      whenRunning(normalRun, ({zombies, processes}) => {
        const init = processes.find(({pid}) => pid === 1)?.name ?? 'pid 1';
        return zombies === 0 ? pass(`${init} reaped 20 of 20`) : fail(`${init} left ${zombies} of 20 as zombies`);
      }),
  },
  {
    id: 'stops-on-sigterm',
    severity: 'error',
    summary: 'SIGTERM stops the service within the grace period',
    how: `the stop signal is sent; the container must exit with 0 (or 143) within ${graceSeconds} s`,
    fix: 'handle SIGTERM in the service; every program in front of it must forward the signal, or start it with exec',
    check: async ({normalRun, drain}) =>
      whenAnswered(normalRun, await drain(), ({stop}) =>
        stoppedCleanly(stop) ? pass(stopText(stop)) : fail(stopText(stop)),
      ),
  },
  {
    id: 'finishes-requests',
    severity: 'error',
    summary: 'a request in flight at SIGTERM gets its complete response',
    how: 'SIGTERM during a request to a slow path; without a slow path, between the two halves of a request, which cannot fail',
    fix: 'at SIGTERM stop accepting connections, finish open requests, then exit; in Node server.close() is not enough',
    check: async ({normalRun, drain, service}) =>
      whenAnswered(normalRun, await drain(), ({reply, stop}) => {
        if (reply === undefined || service.health.kind !== 'http')
          return notApplicable('the service is not asked by HTTP');
        const request = service.slow === undefined ? `GET ${service.health.path} in two halves` : `GET ${service.slow}`;
        if (reply.early)
          return notApplicable(
            `${request} was answered before SIGTERM: name a path that takes two seconds with --slow-path`,
          );
        if (reply.complete && reply.status < 500)
          return pass(`${request}: ${reply.status}, complete; exited after ${stop.seconds.toFixed(1)} s`);
        // Some servers, Go's by design, accept a request only when its head is complete.
        if (service.slow === undefined && reply.status === 0)
          return notApplicable(
            `${request} was dropped, as some servers do by design: name a path that takes two seconds with --slow-path`,
          );
        const outcome = reply.complete ? String(reply.status) : `${reply.status}, truncated`;
        return fail(`${request}: ${reply.status === 0 ? 'no response' : outcome}`);
      }),
  },
  {
    id: 'one-signal-per-worker',
    severity: 'error',
    summary: 'the init signals the server only, not its workers',
    how: 'all processes except pid 1 are frozen and the stop signal is sent; no worker may have it pending',
    fix: 'use tini without -g, or dumb-init with -c: a server with workers forwards the signal itself',
    check: ({normalRun}) =>
      whenRunning(normalRun, ({kill}) => {
        const workers = kill?.workers;
        if (workers === undefined) return notApplicable('the service has no worker processes');
        return workers.signalled === 0
          ? pass(`the init signalled none of ${workers.count} workers`)
          : fail(`the init signalled ${workers.signalled} of ${workers.count} workers`);
      }),
  },
  {
    id: 'clean-signals',
    severity: 'error',
    summary: 'the service starts with no signal blocked or ignored',
    how: `/proc/PID/status of each of its processes: ${checkedSignals.join(', ')}; where one is blocked or ignored, an idle program in the place of the service shows what it inherits`,
    fix: 'reset signals before exec; do not start the service with nohup or in the background of a shell',
    check: async ({normalRun, inheritedSignals}) => {
      const {inspection} = await normalRun();
      if (inspection === undefined) return notApplicable('is not running: see starts');
      const processes = serviceProcesses(inspection.processes);
      const affected = processes.filter((one) => signalsOf(one).length > 0);
      if (affected.length === 0) return pass(`none blocked or ignored in ${processes.length} processes`);
      // A shell hands on what its own `trap` ignores, but many programs reset it: so the main program counts as well.
      const main = mainProcess(inspection.processes);
      const suspects = [...affected, ...(main === undefined ? [] : [main])].filter((one) => !isStarter(one));
      return judgeInherited(
        affected,
        await inheritedSignals([...new Set(suspects.map(({program}) => program))].filter((path) => path !== '')),
      );
    },
  },
  {
    id: 'exit-codes-pass-through',
    severity: 'error',
    summary: 'when the service crashes, its container exits with a non-zero code',
    how: 'its main process is killed; the container must exit within 5 s, and not with 0',
    fix: 'start the service with exec, or exit with its exit code; leave restarts to the platform',
    check: ({normalRun}) =>
      whenRunning(normalRun, ({kill}) => {
        if (kill === undefined || !kill.restarts) return notApplicable('does not answer: see starts and survives-kill');
        if (kill.crash === undefined) return pass('the service is pid 1: the container exits with it');
        const {process, exitCode} = kill.crash;
        if (exitCode === undefined) return fail(`${process} was killed, but the container is still running`);
        return exitCode === 0
          ? fail(`${process} was killed, but the container exited with 0`)
          : pass(`${process} was killed, exit code ${exitCode}`);
      }),
  },
  {
    id: 'survives-kill',
    severity: 'error',
    summary: 'the service starts again after SIGKILL',
    how: 'docker kill --signal KILL and docker start; the same container must answer again',
    fix: 'let no lock, pid or socket file of the last run prevent the next start',
    check: ({normalRun}) =>
      whenRunning(normalRun, ({kill}) => {
        if (kill === undefined) return notApplicable('does not answer: see starts');
        return kill.restarts ? pass('answers again') : fail('does not answer after the restart');
      }),
  },
];

const signalsOf = ({blocked, ignored}: Pick<Process, 'blocked' | 'ignored'>): {name: string; how: string}[] =>
  checkedSignals.flatMap((name) =>
    hasSignal(blocked, name)
      ? [{name: `SIG${name}`, how: 'blocked'}]
      : hasSignal(ignored, name)
        ? [{name: `SIG${name}`, how: 'ignored'}]
        : [],
  );

/** A program that blocks or ignores signals itself knows why; one that finds them so does not. */
export function judgeInherited(affected: readonly Process[], inherited: readonly InheritedSignals[]): Finding {
  const found = inherited.flatMap(({program, masks}) =>
    masks === undefined ? [] : signalsOf(masks).map(({name, how}) => `${nameOf(program)} starts with ${name} ${how}`),
  );
  if (found.length > 0) return fail(shortList(found));
  const own = [
    ...new Set(affected.flatMap((one) => signalsOf(one).map(({name, how}) => `${one.name} (${name} ${how})`))),
  ];
  const unknown = inherited.filter(({masks}) => masks === undefined);
  return unknown.length > 0
    ? notApplicable(
        `cannot tell what ${shortList(unknown.map(({program}) => nameOf(program)))} inherits: ${shortList(own)}`,
      )
    : pass(`inherits none; set by the program itself: ${shortList(own)}`);
}

const nameOf = (program: string): string => program.replace(/^.*\//, '');
