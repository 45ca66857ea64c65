import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {emit, type Value} from '../support/deploy-file/emit.ts';
import {mistakes, withMistake} from '../support/deploy-file/mistakes.ts';
import {validFile} from '../support/deploy-file/valid.ts';
import type {Outcome} from './service.ts';
import {things} from './state.ts';
import type {World} from './world.ts';

/** Generated files of deploy.yaml: what is valid deploys, and what is not changes nothing. */
export function generatedFiles(world: () => World, possible: {skip?: string}): void {
  test(
    'twenty generated deploy.yaml files deploy, and twenty with a mistake are refused with its line',
    possible,
    async () => {
      const {fleet, service, settle} = world();
      const {hosts, registry, on} = fleet;
      // `network` of a file names one that exists.
      for (const host of hosts) on(host, 'docker network create backend; docker network create my_net.1');
      const run = (...words: string[]): Promise<Outcome> => service.start(words).ended;
      await settle('A');
      await run('remove', 'prod', '--volumes');
      const files = validFile({service: service.name, registry, hosts, image: `${registry}/haproxy:3.0`, real: true});
      const models = fc.sample(files, {numRuns: 20, seed: 14});
      const wrong = fc.sample(fc.constantFrom(...mistakes), {numRuns: 20, seed: 14});
      try {
        for (const [index, model] of models.entries()) {
          const before = hosts.map((host) => things(fleet, service, host));
          const bad = withMistake(model, wrong[index] ?? (mistakes[0] as (typeof mistakes)[number]));
          const written = emit(bad.file);
          writeFileSync(join(service.directory, 'deploy.yaml'), written.text);
          const refused = await run(...service.deployWords('A'));
          assert.equal(refused.code, 65, `${written.text}\n${refused.stderr}`);
          assert.match(refused.stderr, new RegExp(`deploy\\.yaml:${written.lineOf(bad.fault)}: `), written.text);
          assert.deepEqual(
            hosts.map((host) => things(fleet, service, host)),
            before,
          );

          const {text} = emit(model.file);
          writeFileSync(join(service.directory, 'deploy.yaml'), text);
          const {code, stderr} = await run(...service.deployWords('A'));
          assert.equal(code, 0, `${text}\n${stderr.slice(-3000)}`);
          const environment = (model.prod['environment'] ?? {}) as Readonly<Record<string, Value>>;
          for (const host of appHosts(model.prod['hosts'])) {
            const format = '{{json .Config.Env}}';
            const env = JSON.parse(
              on(host, `docker inspect --format '${format}' ${service.name}.prod.1.1`),
            ) as string[];
            for (const [name, value] of Object.entries(environment))
              assert.ok(env.includes(`${name}=${String(value)}`), name);
          }
          const removed = await run('remove', 'prod', '--volumes');
          assert.equal(removed.code, 0, removed.stderr);
          for (const host of hosts) on(host, 'docker rm --force entrypoint.balancer.edge 2>/dev/null || :');
        }
      } finally {
        service.describe();
        for (const host of hosts) on(host, 'docker network rm backend my_net.1 || :');
      }
    },
  );
}

const appHosts = (hosts: Value | undefined): string[] =>
  (hosts as readonly (string | {readonly host: string})[]).map((one) => (typeof one === 'string' ? one : one.host));
