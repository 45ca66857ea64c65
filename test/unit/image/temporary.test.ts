import assert from 'node:assert/strict';
import {symlinkSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {withBuildContext} from '../../../src/image/context.ts';
import {dockerTemporaryDirectory} from '../../../src/image/docker.ts';
import {noEcho} from '../../../src/shell/echo.ts';
import {systemRunner} from '../../../src/shell/runners/system.ts';
import {directoryWith} from '../../support/directory.ts';
import {environment, repository} from '../../support/repository.ts';

const docker = '#!/bin/sh\n';

test('the docker of a snap, which sees a /tmp of its own, gets files in the directory of its user', () => {
  const home = directoryWith({'snap/bin/docker': docker});
  const bin = directoryWith({'bin/other': docker});
  symlinkSync(join(home, 'snap/bin/docker'), join(bin, 'bin/docker'));
  for (const path of [join(home, 'snap/bin'), join(bin, 'bin')])
    assert.equal(dockerTemporaryDirectory({PATH: path, HOME: home}), home, path);
  assert.equal(dockerTemporaryDirectory({PATH: join(home, 'snap/bin')}), tmpdir());
});

test('a TMPDIR in the directory of the user stays, unless it is hidden', (t) => {
  const home = directoryWith({'snap/bin/docker': docker});
  const before = process.env['TMPDIR'];
  t.after(() => (before === undefined ? delete process.env['TMPDIR'] : (process.env['TMPDIR'] = before)));
  for (const [chosen, used] of [
    ['/tmp', '/tmp'],
    ['/.cache/tmp', ''],
  ] as const) {
    process.env['TMPDIR'] = home + chosen;
    assert.equal(dockerTemporaryDirectory({PATH: join(home, 'snap/bin'), HOME: home}), home + used);
  }
});

test('any other docker, and none, gets files in the usual directory', () => {
  const other = directoryWith({'bin/docker': docker});
  assert.equal(dockerTemporaryDirectory({PATH: join(other, 'bin'), HOME: other}), tmpdir());
  assert.equal(dockerTemporaryDirectory({PATH: '', HOME: other}), tmpdir());
});

test('a build gives the docker of a snap its files there', async () => {
  const home = directoryWith({'snap/bin/docker': docker});
  const cwd = repository({'a.js': 'a'});
  const env = {...environment, HOME: home, PATH: `${join(home, 'snap/bin')}:${environment.PATH}`};
  const run = systemRunner({cwd, env, echo: noEcho, stdout: () => {}, stderr: () => {}});
  const version = {dirtyFiles: 0, hasRepository: true};
  const given = await withBuildContext({run, cwd, env}, {version, include: []}, async (directory) => directory);
  assert.match(given.slice(home.length), /^\/entrypoint-build-\w+\/files/);
});
