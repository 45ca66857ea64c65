import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {isRefusedConnection, loginShellProblem, sshProblem} from '../../../../../src/deploy/hosts/ssh/failures.ts';
import {isProblem, problem} from '../../../../../src/errors.ts';

const failed = (text: string, exitCode = 255) =>
  problem({code: 'command_failed', what: 'command failed', details: text.split('\n'), exitCode});

// What OpenSSH 8.4 to 10 print.
const cases: readonly (readonly [text: string, what: RegExp, fix: RegExp])[] = [
  ['No user exists for uid 1000', /without an entry in \/etc\/passwd/, /add one/],
  ['Bad owner or permissions on /home/jo/.ssh/config', /refuses its own configuration/, /chmod 600/],
  [
    '/home/jo/.ssh/config: line 3: Bad number.\n/home/jo/.ssh/config: terminating, 1 bad configuration options',
    /cannot read its configuration/,
    /until this answers: ssh -p 2222 jo@h1$/,
  ],
  ['Host key verification failed.', /host key of .* is unknown/, /accept it once: ssh -p 2222 jo@h1/],
  [
    'No ED25519 host key is known for h1 and you have requested strict checking.\nHost key verification failed.',
    /is unknown/,
    /known_hosts/,
  ],
  [
    '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.',
    /has changed/,
    /ssh-keygen -R '\[h1\]:2222'/,
  ],
  [
    '@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\njo@h1: Permission denied (publickey).',
    /a key that others can read/,
    /chmod 600/,
  ],
  ['jo@h1: Permission denied (publickey,password).', /cannot log in/, /ssh-copy-id -p 2222 jo@h1/],
  ['Received disconnect from h1 port 22:2: Too many authentication failures', /cannot log in/, /./],
  ['Unable to negotiate with h1 port 22: no matching host key type found. Their offer: ssh-rsa', /no algorithm/, /./],
  ['ssh: connect to host h1 port 22: Connection refused', /nothing listens/, /start sshd/],
  ['channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed', /nothing listens/, /sshd/],
  ['ssh: connect to host h1 port 22: Connection timed out', /cannot reach/, /ssh -v -p 2222 jo@h1/],
  ['Timeout, server h1 not responding.', /cannot reach/, /ssh -v/],
  ['ssh: Could not resolve hostname h1: Name or service not known', /cannot resolve/, /~\/.ssh\/config/],
  ['kex_exchange_identification: Connection closed by remote host', /before the login/, /MaxStartups/],
  ['banner exchange: Connection to UNKNOWN port 65535: Broken pipe', /before the login/, /MaxStartups/],
  ['client_loop: send disconnect: Broken pipe', /the connection to .* broke/, /ssh -v/],
  // A banner of the host.
  ['*** Unauthorised access: permission denied! ***\nclient_loop: send disconnect', /broke/, /ssh -v/],
];

suite('every failure of ssh names the host or the file, its cause and what to do', () => {
  for (const [text, what, fix] of cases)
    test(text.split('\n')[0] ?? '', () => {
      const error = sshProblem('ssh://jo@h1:2222', failed(text));
      assert.ok(isProblem(error));
      assert.deepEqual([error.code, error.exitCode], ['host_unreachable', 69]);
      assert.match(error.message, what);
      assert.match(error.fix ?? '', fix);
    });
});

test('a command that fails on a host keeps its own error', () => {
  const error = failed('docker: permission denied (connect)', 1);
  assert.equal(sshProblem('h1', error), error);
});

test('a host that is connected and silent is named, with what to try', () => {
  const error = sshProblem(
    'h1',
    problem({code: 'command_failed', what: 'command timed out after 60 s: ssh', exitCode: 124}),
  );
  assert.ok(isProblem(error) && error.exitCode === 69);
  assert.match(error.message, /^h1 does not answer: timed out after 60 s/);
  const own = failed('', 124);
  assert.equal(sshProblem('h1', own), own, 'a program on the host can exit with 124 itself');
});

test('only a connection that sshd refused before the login is tried again', () => {
  assert.ok(isRefusedConnection(failed('kex_exchange_identification: read: Connection reset by peer')));
  assert.ok(isRefusedConnection(failed('ssh_exchange_identification: Connection closed by remote host')));
  for (const text of ['client_loop: send disconnect: Broken pipe', 'Connection to h1 closed by remote host.'])
    assert.ok(!isRefusedConnection(failed(text)));
  assert.ok(!isRefusedConnection(failed('kex_exchange_identification: Connection closed by remote host', 1)));
});

test('a login shell that runs nothing is no missing engine', () => {
  for (const text of [
    'This account is currently not available.',
    'rbash: line 1: sh: command not found',
    'fish: Unknown command: sh',
    'rbash: sh: restricted',
  ])
    assert.match(String(loginShellProblem('deploy@h1', text)), /the login shell of deploy@h1 runs no commands/);
  assert.equal(loginShellProblem('h1', 'sh: 1: docker: not found'), undefined);
});
