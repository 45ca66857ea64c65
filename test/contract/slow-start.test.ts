import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {temporaryDirectory} from '../support/directory.ts';
import {long} from '../support/long.ts';
import {build, check, removeImages, runCommand, tagOf} from './fixtures.ts';

after(removeImages);

test('a service that takes 25 s to start breaks no rule, if check is to wait that long', long, async () => {
  await build('good');
  const directory = temporaryDirectory();
  const tag = tagOf('slow-start');
  writeFileSync(
    join(directory, 'Dockerfile'),
    `FROM ${tagOf('good')}\nRUN sed -i '1i await new Promise((resolve) => setTimeout(resolve, 25_000));' server.js\n`,
  );
  const {code, stderr} = await runCommand('docker', ['build', '--quiet', '--tag', tag, directory]);
  assert.equal(code, 0, stderr);
  const [impatient, patient] = await Promise.all([
    check('good', tag, ['--health=/', '--alive=/', '--rule=starts']),
    check('good', tag, ['--health=/', '--alive=/', '--start-timeout=90']),
  ]);
  assert.match(impatient.stdout, /^FAIL {2}starts {2}GET \/ on port 3000 is not healthy after 20 s: ECONNREFUSED/);
  assert.equal(patient.code, 0, patient.stdout);
});
