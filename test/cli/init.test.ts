import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {cli, service} from './harness.ts';

const express = {
  'package.json': '{"name": "shop", "dependencies": {"express": "5.1.0"}, "scripts": {"start": "node server.js"}}\n',
  'server.js': 'require("express")().listen(3000);\n',
};
const count = (text: string, part: string): number => text.split(part).length - 1;

test('init outside a terminal says each file once, as a diff, before it writes them', () => {
  const cwd = service(express);
  const {code, stdout, stderr} = cli(cwd, ['init']);
  assert.equal(code, 0, stderr);
  assert.equal(count(stdout + stderr, 'FROM entrypoint/node-service:26'), 1, stdout + stderr);
  assert.equal(stderr, '$ # writes Dockerfile, .dockerignore, deploy.yaml\n');
  assert.ok(stdout.indexOf('+++ Dockerfile') < stdout.indexOf('\nwrote Dockerfile'), stdout);
  assert.equal(readFileSync(join(cwd, 'Dockerfile'), 'utf8'), 'FROM entrypoint/node-service:26\n');
});

test('its dry run has the files in the script alone', () => {
  const {code, stdout, stderr} = cli(service(express), ['--dry-run', 'init']);
  assert.equal(code, 0, stderr);
  assert.deepEqual([count(stdout, 'FROM entrypoint/'), count(stderr, 'FROM entrypoint/')], [1, 0]);
  assert.match(stderr, /^# .*Express 5/im);
});
