import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {destinationWords, hostKey, parseDestination, sshText} from '../../../src/commands/destination.ts';
import {noSockets, sshInteractive, sshRun} from '../../../src/commands/ssh.ts';
import {temporaryDirectory} from '../../support/directory.ts';
import {all} from '../../support/long.ts';
import {connectionNames, keptNames, sshFiles, sshSettings} from '../../support/ssh-config.ts';

test('ssh words switch off what a user sets for sessions of their own', () => {
  const {words} = sshRun('deploy@h1', ['docker', 'ps']);
  assert.deepEqual(words, [
    'ssh',
    '-nT',
    '-oIgnoreUnknown=*',
    '-oBatchMode=yes',
    '-oConnectTimeout=10',
    '-oServerAliveInterval=2',
    '-oServerAliveCountMax=5',
    '-oControlMaster=auto',
    '-oControlPersist=60',
    '-oControlPath=~/.ssh/entrypoint-%C',
    '-oRemoteCommand=none',
    '-oSessionType=default',
    '-oForkAfterAuthentication=no',
    '-oClearAllForwardings=yes',
    '-oForwardX11=no',
    '-oTunnel=no',
    '-oPermitLocalCommand=no',
    '-oLogLevel=INFO',
    'deploy@h1',
    '--',
    `sh -c 'PATH=$PATH:/usr/local/bin:/snap/bin:$HOME/bin; eval "$1"' sh 'docker ps'`,
  ]);
  const fed = sshRun('h1', {words: ['cat'], stdin: 'a'}).words;
  assert.ok(fed[1] === '-T' && fed.includes('-oStdinNull=no'));
  for (const [terminal, word] of [
    [true, '-t'],
    [false, '-T'],
  ] as const) {
    const interactive = sshInteractive('h1', ['sh'], {terminal}).words;
    assert.ok(interactive[1] === word && interactive.includes('-oStdinNull=no'));
  }
  const alone = sshRun('h1', ['docker', 'ps'], noSockets).words;
  assert.ok(alone.includes('-oControlPath=none') && alone.includes('-oControlMaster=no'));
});

suite('every form of a destination', () => {
  const cases: readonly (readonly [text: string, words: readonly string[], name: string, key: string])[] = [
    ['h1', ['h1'], 'h1', 'h1'],
    ['deploy@h1', ['deploy@h1'], 'h1', 'h1'],
    [String.raw`DOMAIN\user@h1`, [String.raw`DOMAIN\user@h1`], 'h1', 'h1'],
    ['deploy@corp@h1', ['deploy@corp@h1'], 'h1', 'h1'],
    ['deploy@2001:db8::1', ['deploy@2001:db8::1'], '2001:db8::1', '2001:db8::1'],
    ['deploy@[2001:db8::1]', ['deploy@2001:db8::1'], '2001:db8::1', '2001:db8::1'],
    ['u@fe80::1%eth0', ['u@fe80::1%eth0'], 'fe80::1%eth0', 'fe80::1-eth0'],
    ['ssh://h1', ['h1'], 'h1', 'h1'],
    ['ssh://deploy@h1:2222', ['-p', '2222', 'deploy@h1'], 'h1', 'h1-2222'],
    ['ssh://[::1]:22', ['-p', '22', '::1'], '::1', '::1-22'],
    ['ssh://d@[fe80::1%eth0]', ['d@fe80::1%eth0'], 'fe80::1%eth0', 'fe80::1-eth0'],
    ['ssh://DOMAIN%5Cuser@h1:22/', ['-p', '22', String.raw`DOMAIN\user@h1`], 'h1', 'h1-22'],
  ];
  for (const [text, words, name, key] of cases)
    test(text, () => {
      assert.deepEqual([destinationWords(text), parseDestination(text).name, hostKey(text)], [words, name, key]);
    });
});

test('advice has the words that ssh takes', () => {
  assert.equal(sshText('ssh://deploy@h1:2222'), 'ssh -p 2222 deploy@h1');
  assert.equal(sshText(String.raw`DOM\u@h1`, 'ssh-copy-id'), String.raw`ssh-copy-id 'DOM\u@h1'`);
});

/** What the ssh of this machine makes of words and a configuration, without a connection. */
function effective(configuration: string, words: readonly string[]): ReadonlyMap<string, string> {
  const {status, stdout, stderr} = spawnSync('ssh', ['-F', configuration, '-G', ...words.slice(1)], {encoding: 'utf8'});
  assert.deepEqual([status, stderr], [0, ''], stderr);
  return new Map(
    stdout.split('\n').map((line) => {
      const [key = '', ...values] = line.split(' ');
      return [key, values.join(' ')];
    }),
  );
}

test('whatever is set for a host in the configuration of ssh, nothing of it breaks a deploy, and the rest stays', () => {
  const directory = temporaryDirectory();
  const configuration = join(directory, 'config');
  fc.assert(
    fc.property(sshSettings, fc.boolean(), fc.boolean(), (settings, fed, everywhere) => {
      writeFileSync(
        configuration,
        `Host ${everywhere ? '*' : 'h1'}\n${settings.map((line) => `  ${line}\n`).join('')}`,
      );
      const command = sshRun('h1', fed ? {words: ['cat'], stdin: 'a'} : ['cat']);
      const found = effective(configuration, command.words);
      const value = (name: string): string | undefined => found.get(name.toLowerCase());
      const ours = [
        'RequestTTY no|false',
        'RemoteCommand none|undefined',
        'SessionType default',
        `StdinNull ${fed ? 'no' : 'yes'}`,
        'ForkAfterAuthentication no',
        'LocalForward undefined',
        'RemoteForward undefined',
        'DynamicForward undefined',
        'ForwardX11 no',
        'Tunnel false',
        'PermitLocalCommand no',
        'LogLevel INFO',
        'BatchMode yes',
        'ConnectTimeout 10',
        'ServerAliveInterval 2',
        'ServerAliveCountMax 5',
        'ControlMaster auto',
        'ControlPersist 60',
      ];
      for (const line of ours) {
        const [name = '', wanted = ''] = line.split(' ');
        assert.ok(wanted.split('|').includes(String(value(name))), `${name} is ${value(name)}, not ${wanted}`);
      }
      assert.match(value('ControlPath') ?? '', /\/\.ssh\/entrypoint-[0-9a-f]{40}$/);
      // What the user's own ssh would do with it, but for what is ours.
      const own = effective(configuration, [
        'ssh',
        '-T',
        '-oLogLevel=INFO',
        '-oClearAllForwardings=yes',
        '-oRemoteCommand=none',
        '-oForkAfterAuthentication=no',
        'h1',
      ]);
      for (const name of keptNames) assert.equal(value(name), own.get(name.toLowerCase()), name);
    }),
    {numRuns: all ? 200 : 40},
  );
});

test('in every generated configuration, ssh goes where the user’s own ssh goes, by the same way', () => {
  const configuration = join(temporaryDirectory(), 'config');
  fc.assert(
    fc.property(sshFiles, ({text, destination}) => {
      writeFileSync(configuration, `${text}\n`);
      const found = effective(configuration, sshRun(destination, ['cat']).words);
      const own = effective(configuration, [
        'ssh',
        '-T',
        '-oIgnoreUnknown=*',
        '-oClearAllForwardings=yes',
        '-oRemoteCommand=none',
        '-oForkAfterAuthentication=no',
        destination,
      ]);
      for (const name of [...connectionNames, ...keptNames])
        assert.equal(found.get(name.toLowerCase()), own.get(name.toLowerCase()), `${name} for ${destination}\n${text}`);
      for (const [name, value] of [
        ['requesttty', 'false'],
        ['remotecommand', undefined],
        ['batchmode', 'yes'],
        ['controlmaster', 'auto'],
      ] as const)
        assert.equal(found.get(name) ?? undefined, value, name);
    }),
    {numRuns: all ? 200 : 60, seed: 14, endOnFailure: true},
  );
});
