import {mkdtemp, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {dockerCopyIn, dockerCreate, dockerRemove, dockerRun, dockerStart} from '../../commands/docker/index.ts';
import {awaitProgram} from '../in-container/processes.ts';
import {
  containerName,
  helperContainer,
  type ProbeContext,
  runInContainer,
  secondsToStart,
  serviceContainer,
  sleepForever,
  stateOf,
  withContainer,
} from './containers.ts';
import {idleProgram} from './spy.ts';

/** The signals that a program finds blocked or ignored at its start. */
export interface InheritedSignals {
  /** Path of the program. */
  readonly program: string;
  /** Masks; undefined: the program was not started, or the architecture is unknown. */
  readonly masks: {readonly blocked: string; readonly ignored: string} | undefined;
}

/**
 * Starts the service with an idle program in the place of `program`, and reads the signals that it has inherited. What
 * starts the program, such as a wrapper, runs as usual.
 */
export function probeInheritedSignals(context: ProbeContext, program: string, name: string): Promise<InheritedSignals> {
  const {run, image, service} = context;
  const idle = idleProgram(image.architecture);
  if (idle === undefined) return Promise.resolve({program, masks: undefined});
  return withContainer(context, name, (container) =>
    run.scope(async (scope) => {
      const directory = await mkdtemp(join(context.temporary, 'entrypoint-check-'));
      scope.always(['rm', '-rf', directory]);
      const file = join(directory, 'idle');
      await writeFile(file, idle, {mode: 0o755});
      await run(dockerCreate(serviceContainer(context, name)), {capture: true});
      const copied = await run(dockerCopyIn(file, container, program), {capture: true, allow: [1]});
      await run(dockerStart(container), {capture: true, allow: [1]});
      if (copied.exitCode !== 0 || !(await stateOf(context, container)).running) return {program, masks: undefined};
      const watcher = containerName(context, `${name}-watcher`);
      scope.always(dockerRemove(watcher));
      const started = await run(
        dockerRun(helperContainer(service, {name: watcher, pidOf: container, ...sleepForever}), 'detached'),
        {capture: true, allow: [125]},
      );
      if (started.exitCode !== 0) return {program, masks: undefined};
      const end = Date.now() + 1000 * (await secondsToStart(context));
      for (;;) {
        const masks = await runInContainer(context, watcher, awaitProgram, {program, seconds: 2}).catch(() => null);
        const {running} = await stateOf(context, container);
        if (masks !== null || !running || Date.now() > end) return {program, masks: masks ?? undefined};
      }
    }),
  );
}
