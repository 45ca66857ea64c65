import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {type Crew, makeCrew, type Outcome, type Version, type Wish} from './crew.ts';
import {type Fleet, type FleetSize, fleetUp} from './fleet.ts';
import {type Generator, startGenerator} from './load/load.ts';

/** A fleet, a service in two versions, and who asks it. */
export interface World {
  readonly fleet: Fleet;
  readonly crew: Crew;
  readonly generator: Generator;
  /** A secret of the service, in the deployer's environment as TINY_TOKEN. */
  readonly secret: string;
  /** deploy.yaml of a service that is well, with what is said beside it. */
  describe(this: void, wish?: Wish): void;
  deploy(this: void, version: Version, ...words: readonly string[]): Promise<Outcome>;
  /** Deploys what is well; throws where that fails. */
  settle(this: void, version: Version, wish?: Wish): Promise<void>;
  down(this: void): void;
}

/** Brings it all up. Where the machine does not let an engine run in a container: the reason. */
export async function makeWorld(size: FleetSize): Promise<World | string> {
  execFileSync(
    process.execPath,
    [join(import.meta.dirname, '../../scripts/images/build.ts'), 'node-service', 'haproxy', 'registry'],
    {stdio: ['ignore', 'ignore', 'pipe']},
  );
  const fleet = await fleetUp(`fleet-${randomBytes(4).toString('hex')}`, size);
  if (typeof fleet === 'string') return fleet;
  const undo = [fleet.down];
  const down = (): void => {
    for (const step of undo.splice(0).toReversed()) step();
  };
  try {
    const generator = await startGenerator();
    undo.push(generator.end);
    const secret = `s3cret-${randomBytes(6).toString('hex')}`;
    const crew = makeCrew(fleet, {ledger: `${fleet.gateway}:${generator.port}`, environment: {TINY_TOKEN: secret}});
    undo.push(crew.remove);
    const describe: World['describe'] = ({also = [], ...wish} = {}) =>
      crew.describe({...wish, also: ['secrets: {TOKEN: {env: TINY_TOKEN}}', ...also]});
    const deploy: World['deploy'] = (version, ...words) => crew.start([...words, ...crew.deployWords(version)]).ended;
    const settle: World['settle'] = async (version, wish) => {
      describe(wish);
      const {code, stderr} = await deploy(version);
      if (code !== 0) throw new Error(`a deploy of what is well failed: exit ${code}\n${stderr.slice(-3000)}`);
    };
    return {fleet, crew, generator, secret, describe, deploy, settle, down};
  } catch (error) {
    down();
    throw error;
  }
}
