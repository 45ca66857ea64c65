import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {explain} from '../../../../images/node/lib/manager/explain.ts';
import {nodeRefusals, rangeOf, wantedVersions} from '../../../../images/node/lib/node-version.ts';

type Manager = Parameters<typeof explain>[0]['choice']['manager'];

const explained = (manager: Manager, lock: string, output: string, unset: readonly string[] = []): string => {
  const refusal = explain({choice: {manager, lock}, output, node: '26.10.0', unset});
  return refusal === undefined ? '' : [refusal.what, ...(refusal.evidence ?? []), refusal.fix].join(' | ');
};

describe('the output of a failed install', () => {
  test('a lock file that does not match', () => {
    assert.equal(
      explained(
        'npm',
        'package-lock.json',
        'npm error code EUSAGE\nnpm error `npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json are in sync.\nnpm error Missing: is-odd@3.0.1 from lock file\n',
      ),
      'package-lock.json does not match package.json | Missing: is-odd@3.0.1 from lock file | npm install --package-lock-only, and commit package-lock.json',
    );
    assert.match(
      explained(
        'pnpm',
        'pnpm-lock.yaml',
        ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install\n* 1 dependencies were added: a@1\n',
      ),
      /\* 1 dependencies were added: a@1/,
    );
    assert.match(
      explained('bun', 'bun.lock', 'error: lockfile had changes, but lockfile is frozen\n'),
      /^bun\.lock does not match/,
    );
  });

  test('a package to compile is named, with the Debian packages that help', () => {
    const missing = 'npm error path /content/node_modules/canvas\nnpm error gyp ERR! find Python Python is not set\n';
    assert.match(
      explained('npm', 'package-lock.json', missing),
      /^canvas has no binary for Node 26\.10\.0 .* \| RUN apt-install g\+\+ make python3 pkg-config libcairo2-dev /,
    );
    // A compiler that is there says more.
    assert.equal(
      explained(
        'npm',
        'package-lock.json',
        'gyp ERR! build error\nmake: *** [x.o] Error 1\nx.cc:1: error: no member\n',
      ),
      '',
    );
  });

  test('a registry that denies, with the variable that the build lacks', () => {
    assert.equal(
      explained(
        'npm',
        'package-lock.json',
        'npm error code E401\nnpm error 401 Unauthorized - GET https://npm.example/x\n',
        ['NPM_TOKEN'],
      ),
      'the registry denied a package; the settings name NPM_TOKEN, which the build does not have | code E401 | 401 Unauthorized - GET https://npm.example/x | export NPM_TOKEN, and entrypoint build; or: docker build --secret id=NPM_TOKEN,env=NPM_TOKEN .',
    );
  });

  test('anything else is left to its own words', () => {
    assert.equal(explained('npm', 'package-lock.json', 'npm error code E404\nnpm error 404 Not Found\n'), '');
  });
});

// `24.x` and the like; the image has npm's semver.
const satisfies = (version: string, range: string): boolean =>
  range.includes(version.split('.')[0] ?? '') ||
  (range.startsWith('>=') && Number(range.slice(2)) <= Number(version.split('.')[0]));

describe('the Node that a repository asks for', () => {
  test('is read from every place, and each must hold', () => {
    const files: Readonly<Record<string, string>> = {
      '.nvmrc': '# ours\nv22.1.0\n',
      '.tool-versions': 'python 3.13\nnodejs 24.1.0\n',
    };
    const wanted = wantedVersions({engines: {node: '26.x'}, volta: {node: '20.0.0'}}, (file) => files[file]);
    assert.deepEqual(
      wanted.map(({from}) => from),
      ['.nvmrc', '.tool-versions', 'volta.node in package.json', 'engines.node in package.json'],
    );
    const refused = nodeRefusals(wanted, '26.10.0', satisfies);
    assert.deepEqual(
      refused.map(({what}) => what),
      [
        '.nvmrc asks for Node v22.1.0, and this image has 26.10.0',
        '.tool-versions asks for Node 24.1.0, and this image has 26.10.0',
        'volta.node in package.json asks for Node 20.0.0, and this image has 26.10.0',
      ],
    );
    assert.match(refused[0]?.fix ?? '', /^images exist for Node 24 and 26: change \.nvmrc, /);
    assert.match(refused[1]?.fix ?? '', /^FROM entrypoint\/node-service:24 in the Dockerfile/);
  });

  test('names of nvm are versions', () => {
    assert.equal(rangeOf('lts/*'), '>=24');
    assert.equal(rangeOf('node'), '>=24');
    assert.equal(rangeOf('lts/jod'), '22');
    assert.equal(rangeOf('v24'), '24');
    assert.equal(rangeOf('24.1.0'), '^24.1.0');
    assert.equal(rangeOf('>=20 <27'), '>=20 <27');
  });
});
