import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {type Fleet, type FleetSize, fleetUp} from './fleet.ts';
import {type Generator, startGenerator} from './load/load.ts';
import {type FleetService, publishService, type Outcome, type Version, type EnvironmentSettings} from './service.ts';

/** A fleet, a service in two versions, and a load generator. */
export interface World {
  readonly fleet: Fleet;
  readonly service: FleetService;
  readonly generator: Generator;
  /** A secret of the service, in the deployer's environment as TINY_TOKEN. */
  readonly secret: string;
  /** Writes deploy.yaml of a healthy service, with further settings. */
  describe(this: void, settings?: EnvironmentSettings): void;
  deploy(this: void, version: Version, ...words: readonly string[]): Promise<Outcome>;
  /** Deploys a healthy service; throws if that fails. */
  settle(this: void, version: Version, settings?: EnvironmentSettings): Promise<void>;
  down(this: void): void;
}

/** Starts everything. Returns the reason if no engine can run in a container on this machine. */
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
    const service = publishService(fleet, {
      ledger: `${fleet.gateway}:${generator.port}`,
      environment: {TINY_TOKEN: secret},
    });
    undo.push(service.remove);
    const describe: World['describe'] = ({also = [], ...settings} = {}) =>
      service.describe({...settings, also: ['secrets: {TOKEN: {env: TINY_TOKEN}}', ...also]});
    const deploy: World['deploy'] = (version, ...words) =>
      service.start([...words, ...service.deployWords(version)]).ended;
    const settle: World['settle'] = async (version, settings) => {
      describe(settings);
      const {code, stderr} = await deploy(version);
      if (code !== 0) throw new Error(`the deploy of a healthy service failed: exit ${code}\n${stderr.slice(-3000)}`);
    };
    return {fleet, service, generator, secret, describe, deploy, settle, down};
  } catch (error) {
    down();
    throw error;
  }
}
