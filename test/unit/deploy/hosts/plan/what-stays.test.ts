import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {dockerBuiltImageRemove} from '../../../../../src/commands/docker/index.ts';
import {allImages, outdatedImages, removeImages} from '../../../../../src/deploy/hosts/plan/steps/images.ts';
import {userOption, withVolumes} from '../../../../../src/deploy/hosts/plan/steps/volumes.ts';
import type {Container, LoggedRelease, SurveyedHost} from '../../../../../src/deploy/hosts/state.ts';
import {commandText} from '../../../../../src/shell/argv.ts';
import {temporaryDirectory} from '../../../../support/directory.ts';
import {target} from '../stack.ts';

const app = (release: number, image: string): Container => ({role: 'app', release, image}) as Container;
const logged = (release: number, image: string, result: LoggedRelease['result'] = 'done'): LoggedRelease => ({
  release,
  image,
  result,
  what: 'deploy',
});

describe('images that no release needs', () => {
  test('are those of removed containers, unless a kept one has the same', () => {
    const [one, two, three] = [app(1, 'a'), app(2, 'b'), app(3, 'a')];
    const state = {containers: [one, two, three], logged: []};
    assert.deepEqual(outdatedImages(state, {image: 'c', removed: [one], keep: 3}), []);
    assert.deepEqual(outdatedImages(state, {image: 'c', removed: [one, two], keep: 2}), ['b']);
  });

  test('are also those that only the log names: of failed deploys, and of containers that were pruned', () => {
    const state = {
      containers: [app(4, 'd')],
      logged: [logged(1, 'a'), logged(2, 'b'), logged(3, 'c'), logged(4, 'd'), logged(5, 'x', 'failed')],
    };
    assert.deepEqual(
      outdatedImages(state, {image: 'e', removed: [], keep: 3}),
      ['x', 'b', 'a'],
      'a rollback can still need c',
    );
    assert.deepEqual(allImages(state), ['d', 'a', 'b', 'c', 'x']);
  });

  test('are removed by digest, and those of this engine alone only if `build` made them', () => {
    assert.deepEqual(
      removeImages(target(), ['r/shop@sha256:1', 'r/shop@sha256:2']).map((command) => commandText(command)),
      ["sh -c 'docker image rm r/shop@sha256:1 r/shop@sha256:2 >/dev/null 2>&1 || :'"],
    );
    assert.deepEqual(removeImages(target(), []), []);
  });
});

const directory = temporaryDirectory();

/** The removals that the script asks of an engine with such an image. */
function removals({names, used = false}: {names: string; used?: boolean}): string[] {
  writeFileSync(join(directory, 'calls'), '');
  writeFileSync(
    join(directory, 'docker'),
    [
      '#!/bin/sh',
      'case "$1 $2" in',
      `  'image inspect') echo '${names}' ;;`,
      `  ps*) ${used ? 'echo 1234' : ':'} ;;`,
      `  *) echo "$*" >>${directory}/calls ;;`,
      'esac',
      '',
    ].join('\n'),
    {mode: 0o755},
  );
  const [program = '', ...words] = dockerBuiltImageRemove('shop', 'sha256:1');
  const {status, stderr} = spawnSync(program, words, {
    encoding: 'utf8',
    env: {PATH: `${directory}:${process.env['PATH']}`},
  });
  assert.deepEqual([status, stderr], [0, '']);
  return readFileSync(join(directory, 'calls'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

test('a built image goes with all names that `build` and `publish` gave it; any other name, or a container, keeps it', () => {
  const commit = '0123456789ab';
  assert.deepEqual(removals({names: `shop ${commit} shop:${commit} 127.0.0.1:5000/team/shop:${commit}`}), [
    `image rm shop:${commit} 127.0.0.1:5000/team/shop:${commit}`,
  ]);
  assert.deepEqual(removals({names: `shop ${commit} shop:${commit}-dirty`}), [`image rm shop:${commit}-dirty`]);
  assert.deepEqual(removals({names: `shop ${commit}`}), ['image rm sha256:1'], 'another build has taken its name');
  for (const names of [
    `shop ${commit} shop:${commit} shop:mine`,
    `shop ${commit} shop:${commit} other:${commit}`,
    `shop ${commit} workshop:${commit}`,
    `other ${commit} shop:${commit}`,
    'shop:mine',
    '',
  ])
    assert.deepEqual(removals({names}), [], names);
  assert.deepEqual(removals({names: `shop ${commit} shop:${commit}`, used: true}), []);
});

const on = (volumes: readonly string[]): SurveyedHost => ({state: {volumes}}) as unknown as SurveyedHost;
const of = (settings: string) => ({...target(settings), image: 'shop:1', commit: ''});

describe('volumes of a service', () => {
  const prepared = {commands: [['before']], undo: [['after']], what: ['prepare']};
  const texts = (settings: string, volumes: readonly string[] = []): string[] =>
    withVolumes(of(settings), on(volumes), prepared).commands.map((command) => commandText(command));

  test('that exist are left as they are', () => {
    assert.equal(withVolumes(of(''), on([]), prepared), prepared);
    assert.deepEqual(texts('volumes: {up: /var/up}', ['shop.local.app.up']), ['before']);
  });

  test('that are new get the user of the image, once, before the replicas start', () => {
    const [, create, own] = texts('volumes: {up: /var/up, data: /data}', ['shop.local.app.data']);
    assert.equal(
      create,
      'docker volume create --label entrypoint.service_name=shop --label entrypoint.environment=local shop.local.app.up',
    );
    assert.match(own ?? '', /docker image inspect --format .*\.Config\.User.* shop:1/);
    assert.match(
      own ?? '',
      /docker run --user 0 --entrypoint chown --rm --network none --volume shop\.local\.app\.up:\/var\/up shop:1 --from=0:0 "\$user" \/var\/up/,
    );
  });

  test('get the user of docker_options, if it has one; the last one counts', () => {
    assert.match(
      texts("volumes: {up: /var/up}, docker_options: ['--user=1000:1000']").at(-1) ?? '',
      /^docker run --user 0 .* shop:1 --from=0:0 1000:1000 \/var\/up$/,
    );
    assert.equal(userOption(['--user', '5', '-u', '6:7']), '6:7');
    assert.equal(userOption(['-u1']), '1');
    assert.equal(userOption(['--userns', 'host']), undefined);
  });
});
