import assert from 'node:assert/strict';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {long} from '../support/long.ts';
import {mustBuild, type Repository, repository} from './image.ts';

/** The refusal in a failed build's output, without the builder's prefixes. */
async function refusal(service: Repository): Promise<string> {
  const {code, output} = await service.build();
  assert.notEqual(code, 0, output);
  const lines = output
    .split('\n')
    .flatMap((line) => /^#\d+ \d+\.\d+ (.*)$/.exec(line)?.[1] ?? [])
    .filter((line) => !line.startsWith('$ '));
  return lines.slice(lines.findIndex((line) => line.startsWith('entrypoint: '))).join('\n');
}

/** Changes package.json. */
function edit(service: Repository, from: string, to: string): void {
  const file = join(service.directory, 'package.json');
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(file, text.replace(from, to));
}

describe('a build is refused, in a line and a fix', () => {
  test('two lock files', async () => {
    const service = repository('npm');
    service.write({'yarn.lock': '# yarn lockfile v1\n'});
    assert.equal(
      await refusal(service),
      'entrypoint: 2 lock files, and an install reads one: package-lock.json, yarn.lock\nfix: git rm the one that is not in use, or name the manager in package.json: "packageManager"',
    );
  });

  test('another Node than the image has', async () => {
    const service = repository('npm');
    service.write({'.nvmrc': '22\n'});
    edit(service, '"private": true', '"private": true, "engines": {"node": "24.x"}');
    const text = await refusal(service);
    assert.match(
      text,
      /^entrypoint: \.nvmrc asks for Node 22, and this image has 26\.\d+\.\d+\nfix: images exist for Node 24 and 26: /,
    );
    assert.match(
      text,
      /\nentrypoint: engines\.node in package\.json asks for Node 24\.x, .*\nfix: FROM entrypoint\/node-service:24 /,
    );
  });

  for (const [fixture, lock, line] of [
    ['npm', 'package-lock.json', '  Missing: is-even@1.0.0 from lock file'],
    ['pnpm', 'pnpm-lock.yaml', '  * 1 dependencies were added: is-even@1.0.0'],
    ['yarn', 'yarn.lock', '  missing in yarn.lock: is-even@1.0.0'],
    ['berry', 'yarn.lock', ''],
    ['bun', 'bun.lock', ''],
  ] as const) {
    test(`a lock file that does not match package.json: ${fixture}`, fixture === 'npm' ? {} : long, async () => {
      const service = repository(fixture);
      edit(service, '"is-odd": "3.0.1"', '"is-odd": "3.0.1", "is-even": "1.0.0"');
      const text = await refusal(service);
      assert.match(text, new RegExp(`^entrypoint: ${lock.replace('.', '\\.')} does not match package\\.json\\n`));
      assert.ok(text.includes(line), text);
      assert.match(text, /\nfix: \w+ install.*, and commit /);
      assert.ok(text.split('\n').length <= 7, text);
    });
  }

  test('a manager with another checksum than packageManager lists', long, async () => {
    const service = repository('pnpm');
    edit(service, '"private": true', '"private": true, "packageManager": "pnpm@10.34.8+sha512.00ff"');
    assert.match(
      await refusal(service),
      /^entrypoint: pnpm 10\.34\.8 has another checksum than packageManager in package\.json lists\n {2}wanted 00ff\n/,
    );
  });

  test('a package that must be compiled, in two lines', long, async () => {
    const service = repository();
    service.write({
      'package.json': '{"name": "b-native", "dependencies": {"bcrypt": "5.1.1"}}\n',
      'server.js': '',
    });
    const text = await refusal(service);
    assert.match(
      text,
      /entrypoint: bcrypt has no binary for Node 26\.\d+\.\d+ on \w+, and this image has no compiler\nfix: RUN apt-install g\+\+ make python3 /,
    );
    assert.ok(text.split('\n').length <= 4, text);
  });
});

test('without a lock file the build works, with a warning', long, async () => {
  const service = repository();
  service.write({
    'package.json': '{"name": "b-loose", "type": "module", "dependencies": {"is-odd": "3.0.1"}}\n',
    'server.js':
      "import {createServer} from 'node:http';\nimport isOdd from 'is-odd';\nexport default createServer((request, response) => response.end(`${isOdd(3)}`));\n",
  });
  const output = await mustBuild(service);
  assert.match(
    output,
    /entrypoint: warning: no lock file: another day's build gives another image\. fix: npm install --package-lock-only/,
  );
  assert.equal(await service.answer(), 'true');
});

test('the version and the checksum of packageManager decide', long, async () => {
  const service = repository('pnpm');
  edit(
    service,
    '"private": true',
    '"private": true, "packageManager": "pnpm@9.15.9+sha512.68046141893c66fad01c079231128e9afb89ef87e2691d69e4d40eee228988295fd4682181bae55b58418c3a253bde65a505ec7c5f9403ece5cc3cd37dcf2531"',
  );
  assert.match(await mustBuild(service), /pnpm 9\.15\.9 \(packageManager in package\.json\)/);
});
