import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {appendFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {long} from '../support/long.ts';
import {mustBuild, type Repository, repository} from './image.ts';

// Repositories as generators make them, with the newest versions: built, tested in the image, run, asked, built again.

/** Runs a generator, which makes the directory `made`, and locks its dependencies. */
function generate(...words: readonly string[]): Repository {
  const service = repository();
  const options = {cwd: service.directory, stdio: 'pipe', env: {...process.env, CI: 'true'}} as const;
  execFileSync('npm', ['exec', '--yes', '--', ...words], options);
  for (const name of readdirSync(join(service.directory, 'made'))) {
    // Files of its own, such as a .dockerignore, stay.
    renameSync(join(service.directory, 'made', name), join(service.directory, name));
  }
  execFileSync('rm', ['-rf', 'made', 'node_modules'], options);
  execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts', '--no-audit'], options);
  // npm's lock lacks an optional package that a mirror of the registry does not have, and `npm ci` refuses it then.
  if (spawnSync('npm', ['ci', '--dry-run', '--ignore-scripts', '--no-audit'], options).status !== 0)
    rmSync(join(service.directory, 'package-lock.json'));
  return service;
}

/** Builds again after a changed line, without an install. */
async function change(service: Repository, file: string): Promise<void> {
  appendFileSync(join(service.directory, file), `// changed in ${service.image}\n`);
  const output = await mustBuild(service);
  assert.doesNotMatch(output, /\$ npm (?:ci|install)/);
}

describe('as generated', long, () => {
  test('express-generator', async () => {
    const service = generate('express-generator', '--no-view', 'made');
    await mustBuild(service);
    assert.match(await service.answer(), /Express/);
    await change(service, 'app.js');
  });

  test('nest new', async () => {
    const service = generate('@nestjs/cli', 'new', 'made', '--skip-git', '--skip-install', '--package-manager', 'npm');
    const output = await mustBuild(service, {noCache: true});
    assert.match(output, /\$ npm run build/);
    // vite writes what it makes of its configuration beside it, unless it is set otherwise.
    await service.inside('npm', 'test', '--', '--configLoader', 'runner');
    assert.equal(await service.answer(), 'Hello World!');
    await change(service, 'src/main.ts');
    // A compile from the notes of the last one would write nothing.
    assert.equal(await service.answer(), 'Hello World!');
  });

  test('create-vite, with a server of its own for what it builds', async () => {
    const service = generate('create-vite', 'made', '--template', 'react-ts', '--no-interactive');
    const manifest = join(service.directory, 'package.json');
    writeFileSync(
      manifest,
      readFileSync(manifest, 'utf8').replace('"private": true', '"private": true, "main": "server.js"'),
    );
    service.write({
      'server.js':
        "import {readFileSync} from 'node:fs';\nimport {createServer} from 'node:http';\nexport default createServer((request, response) => response.end(readFileSync('dist/index.html')));\n",
    });
    assert.match(await mustBuild(service, {noCache: true}), /\$ npm run build/);
    assert.match(await service.answer(), /<div id="root">/);
    await change(service, 'src/main.tsx');
    assert.match(await service.answer(), /<div id="root">/);
  });

  test('create-next-app --empty, with the custom server of its manual', async () => {
    const service = generate(
      'create-next-app',
      'made',
      '--empty',
      '--ts',
      '--app',
      '--no-eslint',
      '--no-tailwind',
      '--no-src-dir',
      '--import-alias',
      '@/*',
      '--use-npm',
      '--skip-install',
      '--disable-git',
      '--yes',
    );
    service.write({
      'server.mjs':
        "import {createServer} from 'node:http';\nimport next from 'next';\nconst app = next({dev: false});\nconst handle = app.getRequestHandler();\nawait app.prepare();\nexport default createServer((request, response) => handle(request, response));\n",
    });
    const manifest = join(service.directory, 'package.json');
    writeFileSync(
      manifest,
      readFileSync(manifest, 'utf8').replace('"private": true', '"private": true, "main": "server.mjs"'),
    );
    assert.match(await mustBuild(service, {noCache: true}), /\$ npm run build/);
    assert.match(await service.answer(), /<html/);
    await change(service, 'app/page.tsx');
    assert.match(await service.answer(), /<html/);
  });
});
