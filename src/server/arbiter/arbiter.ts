import {setTimeout as sleep} from 'node:timers/promises';
import type {Log} from '../process/log.ts';
import type {BootFailure, DrainOrder, FromWorker} from '../process/messages.ts';
import {boundText} from '../settings/address.ts';
import type {Settings} from '../settings/settings.ts';
import {backoff} from './backoff.ts';
import {closeSocket} from './close-socket.ts';
import {renewal} from './rolling-restart.ts';
import type {BoundSocket} from './socket.ts';
import type {Arbiter} from './types.ts';
import {type Death, endText, type Member, members as startMembers, secondsOf} from './workers.ts';

const tickMilliseconds = 1000;
/** A heartbeat is due every second; a loop may be busy for a while. */
const freshSeconds = 5;
/** The watchdog in the worker goes first: it can tell where the loop is stuck. */
const watchdogSeconds = 2;
const idleSeconds = 1;
const bootFailures = 3;

export interface ArbiterOptions {
  readonly settings: Settings;
  readonly socket: BoundSocket;
  readonly log: Log;
  /** For metrics. */
  readonly heard: (member: Member, message: FromWorker) => void;
  readonly gone: (member: Member, reason: string) => void;
}

/** Keeps as many workers as there should be. It runs no code of the service and touches no connection. */
export function arbiter({settings, socket, log, heard, gone}: ArbiterOptions): Arbiter {
  const crew = startMembers({settings, socket, heard: listenTo, died});
  const done = Promise.withResolvers<number>();
  const crashes = backoff();
  const order: DrainOrder = {limit: settings.gracefulTimeout, delay: 0, idle: idleSeconds, last: false};
  let target = settings.workers;
  let phase: 'starting' | 'serving' | 'stopping' | 'quitting' = 'starting';
  let first = true;
  let waiting: NodeJS.Timeout | undefined;
  let failed = 0;
  // After a failed start in reload mode: until a file changes.
  let halted = false;

  const stopping = (): boolean => phase === 'stopping' || phase === 'quitting';
  const staff = (): readonly Member[] => crew.all().filter(({state, successor}) => state !== 'leaving' && !successor);
  const renewals = renewal({
    crew,
    log,
    order,
    stopping,
    staff,
    reconcile,
    began,
    target: () => target,
    wake: () => {
      if (target === 0) target = settings.workers;
      reconcile();
    },
  });

  function reconcile(): void {
    if (stopping() || halted || waiting !== undefined) return;
    const present = staff();
    // The first one alone until its service begins to load: it answers sooner where CPUs are few.
    const most = first ? Math.min(1, target) : target;
    for (let count = present.length; count < most; count += 1) void spawn();
    // The oldest goes first, as in gunicorn.
    for (const member of present.slice(0, Math.max(0, present.length - target)))
      crew.retire(member, 'fewer workers', order);
  }

  async function spawn(): Promise<void> {
    const member = crew.spawn(false);
    if ('exitCode' in member) return bootFailed(member);
    const failure = await member.booted;
    if (failure === undefined) began(member);
    else if (member.reason === undefined && !stopping()) bootFailed(failure);
  }

  function began(member: Member): void {
    failed = 0;
    log('info', 'worker_ready', {worker: member.pid, seconds: secondsOf(member)});
    if (phase !== 'starting') return;
    phase = 'serving';
    log('info', 'listening', {
      bind: boundText(settings.bind, socket.port),
      ...(socket.port === undefined ? {} : {port: socket.port}),
      workers: target,
      worker_class: settings.workerClass,
    });
  }

  function bootFailed(failure: BootFailure): void {
    failed += 1;
    const {exitCode, ...told} = failure;
    log('error', 'worker_failed', told);
    if (settings.reload) {
      halted = true;
      return;
    }
    // With others at work, the server goes on: what does not boot now may do so later.
    if (phase === 'starting' || (failed >= bootFailures && !crew.all().some(({state}) => state === 'ready')))
      return end(exitCode);
    later(crashes.crashed(0));
  }

  function later(milliseconds: number): void {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      waiting = undefined;
      reconcile();
    }, milliseconds);
  }

  function died(member: Member, death: Death): void {
    const reason = member.reason ?? (member.state === 'leaving' && death.code === 0 ? 'signal' : 'crash');
    gone(member, reason);
    renewals.forget(member);
    if (member.state === 'booting' && member.reason === undefined) return;
    const facts = {worker: member.pid, reason, code: death.code, signal: death.signal, seconds: secondsOf(member)};
    if (reason !== 'crash' || stopping()) {
      log('info', 'worker_exited', facts);
      return reconcile();
    }
    const delay = crashes.crashed((process.uptime() - member.born) * 1000);
    log('error', 'worker_exited', {
      ...facts,
      wait_seconds: delay / 1000,
      message: `a worker ended ${endText(death)}`,
      ...(death.signal === 'SIGKILL'
        ? {fix: 'nobody here killed it: look for the out-of-memory killer of the kernel'}
        : {}),
    });
    if (crashes.isLoop())
      log('error', 'crash_loop', {
        message: `workers boot, and end soon after: ${crashes.streak()} in a row, the last one ${endText(death)}; each further start waits longer`,
      });
    later(delay);
  }

  function listenTo(member: Member, message: FromWorker): void {
    heard(member, message);
    if (message.type === 'up' && first) {
      first = false;
      reconcile();
    }
    if (message.type === 'lame') reconcile();
    if (message.type === 'recycle') renewals.recycle(member, message.reason);
  }

  function stop(signal: string): void {
    if (stopping()) return;
    phase = 'stopping';
    clearTimeout(waiting);
    log('info', 'draining', {signal, workers: crew.all().length, limit_seconds: settings.gracefulTimeout});
    const last = {...order, delay: settings.drainDelay, last: true};
    for (const member of crew.all()) crew.retire(member, 'stop', last);
    const milliseconds = settings.gracefulTimeout * 1000;
    void finish(0, milliseconds + 500, closeSocket(socket, crew, milliseconds));
  }

  function quit(signal: string): void {
    if (phase === 'quitting') return crew.all().forEach((member) => member.kill('SIGKILL'));
    phase = 'quitting';
    clearTimeout(waiting);
    log('info', 'quitting', {signal});
    for (const member of crew.all()) {
      member.reason ??= 'stop';
      member.send({type: 'quit'});
    }
    void finish(0, 1000);
  }

  function end(code: number): void {
    phase = 'quitting';
    clearTimeout(waiting);
    for (const member of crew.all()) {
      member.reason ??= 'stop';
      member.kill('SIGKILL');
    }
    void finish(code, 1000);
  }

  async function finish(code: number, milliseconds: number, last: Promise<void> = Promise.resolve()): Promise<void> {
    const all = Promise.all([last, ...crew.all().map((member) => member.gone)]);
    await Promise.race([all, sleep(milliseconds, undefined, {ref: false})]);
    for (const member of crew.all()) member.kill('SIGKILL');
    await all;
    log('info', 'stopped', {code});
    done.resolve(code);
  }

  function tick(): void {
    for (const member of crew.all()) {
      member.missed += 1;
      if (
        settings.timeout === 0 ||
        settings.inspect !== undefined ||
        member.missed <= settings.timeout + watchdogSeconds
      )
        continue;
      log('error', 'worker_stuck', {
        worker: member.pid,
        message: `nothing was heard of a worker for ${member.missed} s: it is killed`,
      });
      member.reason ??= 'timeout';
      member.kill('SIGKILL');
    }
  }

  return {
    run: () => {
      // Also what keeps the process alive while there is no worker.
      setInterval(tick, tickMilliseconds);
      reconcile();
      return done.promise;
    },
    stop,
    quit,
    reload: renewals.reload,
    restart: () => {
      if (stopping()) return;
      halted = false;
      clearTimeout(waiting);
      waiting = undefined;
      for (const member of crew.all())
        if (member.state !== 'leaving') crew.retire(member, 'reload', {limit: 1, delay: 0, idle: 0.2, last: false});
      reconcile();
    },
    scale: (by) => {
      if (stopping()) return;
      target = Math.max(1, target + by);
      log('info', 'scaled', {workers: target});
      reconcile();
    },
    rest: () => {
      if (stopping()) return;
      target = 0;
      log('info', 'scaled', {workers: target});
      reconcile();
    },
    flush: () => {
      for (const member of crew.all()) member.send({type: 'flush'});
    },
    state: () => ({
      workers: target,
      draining: stopping(),
      members: crew.all(),
      fresh: crew.all().filter(({state, missed}) => state === 'ready' && missed <= freshSeconds).length,
    }),
  };
}
