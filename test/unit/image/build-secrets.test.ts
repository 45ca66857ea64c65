import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {dockerBuild} from '../../../src/commands/docker/index.ts';
import {buildSecrets, variablesIn} from '../../../src/image/build-secrets.ts';
import {commandText} from '../../../src/shell/argv.ts';
import {directoryWith} from '../../support/directory.ts';

const client = {build: ['docker', 'build'], env: {}};

const indexLine = (name: string): string => `--index-url https://u:\${${name}}@index.example/simple\nidna\n`;

describe('variables of package manager settings', () => {
  test('are found in every spelling, but not in comments', () => {
    assert.deepEqual(
      variablesIn('//x/:_authToken=${A}\n# ${NO}\n;${NO}\nb: "${B-none}"\nc: ${C:-}\ntoken = "$D"\nprice: $5\n'),
      ['A', 'B', 'C', 'D'],
    );
  });

  test('are found in every file that lists requirements', () => {
    const files = {
      'dev-requirements.txt': indexLine('A'),
      'requirements-prod.txt': indexLine('B'),
      'requirements/base.txt': indexLine('C'),
    };
    const {secrets} = buildSecrets({
      cwd: directoryWith({'app.py': '', ...files}),
      env: {A: 'a', B: 'b', C: 'c', D: 'd'},
    });
    assert.match(JSON.stringify(secrets), /A=%s.*B=%s.*C=%s/);
  });

  test('of a Python service are also those that its package managers know', () => {
    const cwd = directoryWith({'requirements.txt': '--index-url https://u:${TOKEN}@index.example/simple\nidna\n'});
    const index = {
      PIP_INDEX_URL: 'https://a',
      UV_INDEX_CORP_PASSWORD: 'b',
      POETRY_HTTP_BASIC_CORP_USERNAME: 'c',
    };
    const {secrets} = buildSecrets({cwd, env: {...index, TOKEN: 't', PIP_CERT: '/file', UV_PUBLISH_TOKEN: 'd'}});
    const reference = secrets?.['ENTRYPOINT_BUILD_ENV'];
    assert.ok(reference !== undefined && 'command' in reference);
    const names = [...Object.keys(index), 'TOKEN'].toSorted();
    assert.deepEqual(
      [...(reference.command.at(-1) ?? '').matchAll(/"\$(\w+)"/g)].map(([, name]) => name),
      names,
    );
    assert.deepEqual(buildSecrets({cwd: directoryWith({'package.json': '{}'}), env: index}), {});
  });

  test('reach the build as one secret, without their values in its words', () => {
    const cwd = directoryWith({
      '.npmrc': '//npm.example/:_authToken=${NPM_TOKEN}\n',
      '.yarnrc.yml': 'npmAuthToken: "${OTHER-}"\n',
    });
    const {secrets, secretVariables} = buildSecrets({cwd, env: {NPM_TOKEN: "it's", OTHER: 'b\nc', FURTHER: 'd'}});
    const text = commandText(
      dockerBuild({context: '.', tags: ['x'], secretVariables: secretVariables ?? {}, secrets}, client),
    );
    assert.match(
      text,
      /^ENTRYPOINT_BUILD_ENV="\$\(sh -c .*\)" docker build --tag x --secret id=build_env,env=ENTRYPOINT_BUILD_ENV \.$/,
    );
    assert.doesNotMatch(text, /it's/);
    const reference = secrets?.['ENTRYPOINT_BUILD_ENV'];
    assert.ok(reference !== undefined && 'command' in reference);
    const [program = '', ...words] = reference.command;
    assert.equal(
      execFileSync(program, words, {env: {NPM_TOKEN: "it's", OTHER: 'b'}, encoding: 'utf8'}),
      "NPM_TOKEN=it's\nOTHER=b\n",
    );
  });

  test('are left out where they are not set, and read from the root of a workspace', () => {
    const root = directoryWith({
      '.npmrc': '//npm.example/:_authToken=${NPM_TOKEN}\n',
      '.git/HEAD': '',
      'packages/api/package.json': '{}',
    });
    const cwd = join(root, 'packages/api');
    assert.deepEqual(buildSecrets({cwd, env: {}}), {});
    assert.deepEqual(buildSecrets({cwd, env: {NPM_TOKEN: 'a'}}).secretVariables, {build_env: 'ENTRYPOINT_BUILD_ENV'});
  });
});
