import {dockerRemove, dockerRun} from '../../commands/docker/index.ts';
import {limiter} from '../../shell/concurrency.ts';
import type {Runner, Scope} from '../../shell/index.ts';
import type {ImageFacts} from '../image/facts.ts';
import type {LayerFacts} from '../image/layers.ts';
import type {Subject} from '../image/subject.ts';
import {type Alone, probeAlone} from './alone.ts';
import {type Bench, helperFacts, idle} from './containers.ts';
import {type Drained, probeDrain} from './drain.ts';
import {probeLayers} from './layers.ts';
import {type Limits, probeLimits} from './limits.ts';
import {type Output, probeOutput} from './output.ts';
import {probeSecretFiles, type SecretFiles} from './secret-files.ts';
import {probeServed, type Served} from './served.ts';
import {probeBare, probeUnconfigured, probeUnknownTask, type ShortRun} from './short-runs.ts';

/**
 * What rules judge by: facts about the image, and probes that run it. Each probe runs once, when the first rule
 * asks for it, and serves all rules. Probes that need a service that answers give undefined without one.
 */
export interface Lab {
  readonly subject: Subject;
  readonly image: ImageFacts;
  layers(this: void): Promise<LayerFacts>;
  /** The service among its backing services: its processes, its log, its death and its return. */
  served(this: void): Promise<Served>;
  /** A stop while a request is under way. */
  drained(this: void): Promise<Drained | undefined>;
  /** The service under each of the restrictions of a careful platform. */
  limits(this: void): Promise<Limits | undefined>;
  /** The image without words and without variables. */
  bare(this: void): Promise<ShortRun>;
  unknownTask(this: void): Promise<ShortRun>;
  /** The service without the variables that it needs. */
  unconfigured(this: void): Promise<ShortRun | undefined>;
  /** The service without its backing services. */
  alone(this: void): Promise<Alone | undefined>;
  /** The service with its secrets in files. */
  secretFiles(this: void): Promise<SecretFiles | undefined>;
  /** Much output and a slow reader. */
  output(this: void): Promise<Output | undefined>;
}

/** Starts what the probes need. What they start is removed when `scope` ends, or before. */
export async function openLab(run: Runner, scope: Scope, subject: Subject, image: ImageFacts): Promise<Lab> {
  const prober = `${subject.network}.prober`;
  scope.always(dockerRemove(prober));
  await run(dockerRun(helperFacts(subject, {name: prober, network: subject.network, ...idle}), 'detached'), {
    capture: true,
    purpose: `the image ${subject.helper}, from which the probes run, could not be started`,
    fix: 'npm run images builds it; or name another image that has node and sh: --helper=IMAGE',
  });
  const answers = Promise.withResolvers<number | undefined>();
  answers.promise.catch(() => {});
  const bench: Bench = {run, subject, image, prober, answers, lane: limiter(3)};
  // Probes run side by side: a prefix tells whose command is whose.
  const inLane = <T>(name: string, probe: Probe<T>): Promise<T> =>
    bench.lane(() => probe({...bench, run: run.prefixed(name)}));
  const lane = <T>(name: string, probe: Probe<T>) => once(() => inLane(name, probe));
  const served = lane('served', probeServed);
  const whenItAnswers = <T>(name: string, probe: Probe<T>) =>
    once(async () => {
      // Its failure is told by who asked for it; here it only means that there is nothing to wait for.
      served().catch(answers.reject);
      return (await answers.promise) === undefined ? undefined : inLane(name, probe);
    });
  return {
    subject,
    image,
    served,
    layers: lane('layers', probeLayers),
    drained: whenItAnswers('drained', probeDrain),
    limits: whenItAnswers('limits', probeLimits),
    bare: lane('bare', probeBare),
    unknownTask: lane('unknown', probeUnknownTask),
    unconfigured: whenItAnswers('unconfigured', probeUnconfigured),
    alone: whenItAnswers('alone', probeAlone),
    secretFiles: whenItAnswers('secret-files', probeSecretFiles),
    output: lane('output', probeOutput),
  };
}

type Probe<T> = (bench: Bench) => Promise<T>;

function once<T>(body: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= body());
}
