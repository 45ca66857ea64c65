import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {describe, test} from 'node:test';
import * as fc from 'fast-check';
import {machinesOf} from '../../../../../src/deploy/hosts/machines.ts';
import {planDeploy} from '../../../../../src/deploy/hosts/plan/deploy.ts';
import type {Plan} from '../../../../../src/deploy/hosts/plan/plan.ts';
import type {Deployment} from '../../../../../src/deploy/target.ts';
import {isProblem} from '../../../../../src/errors.ts';
import {parseDeployFile} from '../../../../../src/service/deploy-file.ts';
import {type Command, commandText, toCommand, type Words} from '../../../../../src/shell/argv.ts';
import {emit} from '../../../../support/deploy-file/emit.ts';
import {mistakes, withMistake} from '../../../../support/deploy-file/mistakes.ts';
import {type DeployFileModel, validFile} from '../../../../support/deploy-file/valid.ts';
import {all} from '../../../../support/long.ts';
import {entry, surveyed} from '../plan/fleets.ts';
import {imageOf, wrongWords} from './judge.ts';

const files = validFile({service: 'shop', registry: 'registry.example.com/team'});
const image = `registry.example.com/team/shop@sha256:${'0'.repeat(64)}`;
const fixed = {seed: 14, numRuns: all ? 200 : 100} as const;

function deploymentOf(text: string): Deployment {
  const deployFile = parseDeployFile(text);
  const settings = deployFile.environments['prod'];
  assert.ok(settings);
  return {
    service: {name: 'shop', directory: '/service', deployFile, registry: deployFile.registry},
    environment: 'prod',
    settings,
    image,
    commit: '',
  };
}

/** The plan of a first deploy. */
function planOf(deployment: Deployment): Plan {
  const machines = machinesOf(deployment.settings);
  const survey = machines.map((machine, index) => surveyed(deployment, machine, {address: `10.0.0.${index + 1}`}));
  return planDeploy(deployment, survey, {batch: deployment.settings.batch, watchSeconds: 0, entry});
}

const commandsOf = ({first, rounds, finish}: Plan): Command[] =>
  [...first, ...rounds, ...finish]
    .flat()
    .flatMap(({commands, undo = [], cancel = []}) => ([] as (Words | Command)[]).concat(commands, undo, cancel))
    .map(toCommand);

describe(`${fixed.numRuns} generated deploy.yaml files`, () => {
  test('what the documentation allows makes commands that docker, the shell and the balancer accept', () => {
    fc.assert(
      fc.property(files, ({file}) => {
        const deployment = deploymentOf(emit(file).text);
        const commands = commandsOf(planOf(deployment));
        assert.deepEqual(
          commands.flatMap(({words}) => wrongWords(words)),
          [],
        );
        const replica = commands.find(({words}) => words[1] === 'run' && words.at(-1) === 'run');
        assert.equal(imageOf(replica?.words ?? []), image);
        const {status, stderr} = spawnSync('sh', ['-n'], {
          input: commands.map(commandText).join('\n'),
          encoding: 'utf8',
        });
        assert.equal(status, 0, stderr);
      }),
      fixed,
    );
  });

  test('a mistake is refused before anything is asked of a host, with its line', () => {
    const [model] = fc.sample(files, {seed: 14, numRuns: 1}) as [DeployFileModel];
    for (const mistake of mistakes) isRefused(model, mistake);
    fc.assert(fc.property(files, fc.constantFrom(...mistakes), isRefused), fixed);
  });
});

/** The lines of the problems of a file. */
function linesOf(text: string): number[] {
  try {
    parseDeployFile(text);
  } catch (error) {
    assert.ok(isProblem(error), String(error));
    assert.equal(error.exitCode, 65);
    return error.details.map((line) => Number(/^deploy\.yaml:(\d+): /.exec(line)?.[1]));
  }
  return [];
}

function isRefused(given: DeployFileModel, mistake: (typeof mistakes)[number]): void {
  const {file, fault} = withMistake(given, mistake);
  const {text, lineOf} = emit(file);
  const lines = linesOf(text);
  assert.ok(
    lines.includes(lineOf(fault)),
    `line ${lineOf(fault)} is not among ${lines.join()}:\n${JSON.stringify(mistake)}\n${text}`,
  );
}
