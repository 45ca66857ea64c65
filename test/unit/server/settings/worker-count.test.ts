import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isAsgi, workerKind} from '../../../../src/runtimes/python/start/servers.ts';
import {workerCount} from '../../../../src/server/settings/limits.ts';

test('workers follow the CPUs: one each if a worker serves many requests at once', () => {
  assert.equal(workerCount('sync', {cpus: 2, megabytes: undefined}), 5);
  assert.equal(workerCount('threads', {cpus: 2, megabytes: undefined}), 5);
  assert.equal(workerCount('async', {cpus: 2, megabytes: undefined}), 2);
});

test('never more workers than the memory holds, and never none', () => {
  assert.equal(workerCount('sync', {cpus: 8, megabytes: 384}), 3);
  assert.equal(workerCount('sync', {cpus: 8, megabytes: 16}), 1);
});

test('a class determines how it serves and what it loads', () => {
  const classes = {
    sync: ['sync', false],
    gthread: ['threads', false],
    gevent: ['async', false],
    gevent_wsgi: ['async', false],
    asgi: ['async', true],
    uvicorn: ['async', true],
    'uvicorn_worker.UvicornH11Worker': ['async', true],
  } as const;
  for (const [name, [kind, asgi]] of Object.entries(classes)) {
    assert.equal(workerKind(name), kind, name);
    assert.equal(isAsgi(name), asgi, name);
  }
});
