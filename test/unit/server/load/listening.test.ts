import assert from 'node:assert/strict';
import {test} from 'node:test';
import {addressFailure, listenAddress} from '../../../../src/server/load/listening.ts';

test('where a service listens is read from every form of listen', () => {
  assert.equal(listenAddress([3000]), 3000);
  assert.equal(listenAddress(['3000', () => {}]), 3000);
  assert.equal(listenAddress([{port: '8080', host: '::'}]), 8080);
  assert.equal(listenAddress([{path: '/run/app.sock'}]), '/run/app.sock');
  assert.equal(listenAddress(['/run/app.sock', 511]), '/run/app.sock');
  assert.equal(listenAddress([() => {}]), 0);
  assert.equal(listenAddress([]), 0);
  assert.equal(listenAddress([{fd: 3}]), undefined);
});

const failure = (code: string): unknown => addressFailure('0.0.0.0:80', Object.assign(new Error('x'), {code}));

test('an address that cannot be had is told as such, and another error is not taken for one', () => {
  assert.deepEqual(failure('EADDRINUSE'), {
    message: '0.0.0.0:80 is taken',
    fix: 'set another --bind or PORT',
    exitCode: 69,
  });
  assert.deepEqual(failure('EACCES'), {
    message: '0.0.0.0:80 may not be had by this user',
    fix: 'set another --bind or PORT',
    exitCode: 69,
  });
  assert.equal(failure('ECONNREFUSED'), undefined);
});
