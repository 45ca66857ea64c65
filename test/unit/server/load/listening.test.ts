import assert from 'node:assert/strict';
import {test} from 'node:test';
import {listenAddress} from '../../../../src/server/load/listening.ts';
import {addressFailure} from '../../../../src/server/sockets/address-failure.ts';

test('the address is read from every form of listen', () => {
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

test('an error of bind names the address; any other error is not an address failure', () => {
  assert.deepEqual(failure('EADDRINUSE'), {
    message: 'cannot listen on 0.0.0.0:80: address already in use',
    fix: 'set another --bind or PORT',
    exitCode: 69,
  });
  assert.deepEqual(failure('EACCES'), {
    message: 'cannot listen on 0.0.0.0:80: permission denied',
    fix: 'set another --bind or PORT, or allow it: ports below 1024 need CAP_NET_BIND_SERVICE',
    exitCode: 69,
  });
  assert.equal(failure('ECONNREFUSED'), undefined);
});
