import {dockerRemove, dockerRemoveLate, dockerRun} from '../../commands/docker/index.ts';
import {limiter} from '../../shell/concurrency.ts';
import type {Runner, Scope} from '../../shell/index.ts';
import type {ImageFacts} from '../image/facts.ts';
import type {LayerFacts} from '../image/layers.ts';
import type {ServiceUnderTest} from '../image/service-under-test.ts';
import {helperContainer, type ProbeContext, sleepForever} from './containers.ts';
import {type Drain, probeDrain} from './drain.ts';
import {type InheritedSignals, probeInheritedSignals} from './inherited-signals.ts';
import {probeLayers} from './layers.ts';
import {type NormalRun, probeNormalRun} from './normal-run.ts';
import {type Output, probeOutput} from './output.ts';
import {probeRestrictions, type RestrictedRuns} from './restrictions.ts';
import {probeSecretFiles, type SecretFiles} from './secret-files.ts';
import {probeDefaultCommand, probeUnconfigured, probeUnknownTask, type ShortRun} from './short-runs.ts';
import {probeWithoutBackingServices, type WithoutBackingServices} from './without-backing-services.ts';

/**
 * The facts that rules judge by. A probe runs when the first rule asks for it, once for all rules. Probes that need a
 * service that answers return undefined if it does not.
 */
export interface Probes {
  readonly service: ServiceUnderTest;
  readonly image: ImageFacts;
  layers(this: void): Promise<LayerFacts>;
  /** The service with its backing services: its processes, log, health check and restart. */
  normalRun(this: void): Promise<NormalRun>;
  /** The signals that these programs of the service, named by their paths, find blocked or ignored at their start. */
  inheritedSignals(this: void, programs: readonly string[]): Promise<readonly InheritedSignals[]>;
  /** A stop while a request is in flight. */
  drain(this: void): Promise<Drain | undefined>;
  /** The service under each restriction of a hardened platform. */
  restrictions(this: void): Promise<RestrictedRuns | undefined>;
  /** The image without command words and variables. */
  defaultCommand(this: void): Promise<ShortRun>;
  unknownTask(this: void): Promise<ShortRun>;
  /** The service without the variables that it needs. */
  unconfigured(this: void): Promise<ShortRun | undefined>;
  withoutBackingServices(this: void): Promise<WithoutBackingServices | undefined>;
  /** The service with its secrets in files. */
  secretFiles(this: void): Promise<SecretFiles | undefined>;
  /** 10 MB of output and a slow reader. */
  output(this: void): Promise<Output | undefined>;
}

/**
 * Starts the container that sends the requests, and returns the probes. At most three run at a time. The containers
 * are removed when `scope` ends, or earlier.
 */
export async function startProbes(
  run: Runner,
  scope: Scope,
  service: ServiceUnderTest,
  {image, temporary}: Pick<ProbeContext, 'image' | 'temporary'>,
): Promise<Probes> {
  const prober = `${service.network}.prober`;
  // The last of the clean-up.
  scope.onFailure(dockerRemoveLate(`${service.network}.`, 1));
  scope.always(dockerRemove(prober));
  const options = helperContainer(service, {name: prober, network: service.network, ...sleepForever});
  await run(dockerRun(options, 'detached'), {
    capture: true,
    purpose: `cannot start the helper image ${service.helper}`,
    fix: 'name another image that has node and sh: --helper=IMAGE; or build it, in the repository of entrypoint',
  });
  const secondsToReady = Promise.withResolvers<number | undefined>();
  secondsToReady.promise.catch(() => {});
  const context: ProbeContext = {run, service, image, prober, temporary, secondsToReady};
  const limit = limiter(3);
  // Probes run concurrently: the prefix marks the commands of each.
  const start = <T>(name: string, probe: Probe<T>): Promise<T> =>
    limit(() => run.prefixed(name).step('probe the image', (inner) => probe({...context, run: inner})));
  const atOnce = <T>(name: string, probe: Probe<T>) => once(() => start(name, probe));
  const normalRun = atOnce('normal', probeNormalRun);
  const whenReady = <T>(name: string, probe: Probe<T>) =>
    once(async () => {
      // The rules that asked for normalRun report its error; here it only ends the wait.
      normalRun().catch(secondsToReady.reject);
      return (await secondsToReady.promise) === undefined ? undefined : start(name, probe);
    });
  return {
    service,
    image,
    normalRun,
    layers: atOnce('layers', probeLayers),
    inheritedSignals: (programs) =>
      Promise.all(
        programs.map((program, index) =>
          start(`signals-${index + 1}`, (probe) => probeInheritedSignals(probe, program, `signals-${index + 1}`)),
        ),
      ),
    drain: whenReady('drain', probeDrain),
    restrictions: whenReady('restricted', probeRestrictions),
    defaultCommand: atOnce('default-command', probeDefaultCommand),
    unknownTask: atOnce('unknown-task', probeUnknownTask),
    unconfigured: whenReady('unconfigured', probeUnconfigured),
    withoutBackingServices: whenReady('no-backing-services', probeWithoutBackingServices),
    secretFiles: whenReady('secret-files', probeSecretFiles),
    output: atOnce('output', probeOutput),
  };
}

type Probe<T> = (context: ProbeContext) => Promise<T>;

function once<T>(body: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= body());
}
