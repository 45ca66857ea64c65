import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {
  balancerCanary,
  balancerCertificate,
  balancerConfig,
  balancerCounts,
  balancerDisable,
  balancerDrain,
  balancerLeave,
  balancerMaintenance,
  balancerMove,
  balancerReadConfig,
  balancerRemoveService,
  balancerRestore,
  balancerStart,
  balancerSwitch,
  lbVersion,
  lbWatch,
} from '../../../src/commands/lb.ts';
import {sshRun} from '../../../src/commands/ssh.ts';
import {commandText} from '../../../src/shell/argv.ts';
import {temporaryDirectory} from '../../support/directory.ts';

const directory = temporaryDirectory();

/** The calls of docker by which a script changes something, where the balancer has these services and is on these networks. */
function changes(script: string, services: string, networks: string): string[] {
  writeFileSync(
    join(directory, 'docker'),
    [
      '#!/bin/sh',
      `echo "$*" >>${directory}/calls`,
      `case "$*" in *services) printf '%s' '${services}' ;; inspect*) printf '%s\\n' ${networks} ;; esac`,
      '',
    ].join('\n'),
    {mode: 0o755},
  );
  rmSync(join(directory, 'calls'), {force: true});
  execFileSync('sh', ['-c', script], {env: {PATH: `${directory}:${process.env['PATH']}`}});
  return execFileSync('cat', [join(directory, 'calls')], {encoding: 'utf8'})
    .trim()
    .split('\n')
    .filter((line) => !/services$|^inspect/.test(line));
}

describe('a balancer is driven by', () => {
  const lines = [
    [
      balancerConfig('lb', 'shop.prod', 'text\n', 'file-only'),
      "printf %s 'text\n' | docker exec --interactive lb lb config --no-reload shop.prod",
    ],
    [balancerReadConfig('lb', 'shop.prod'), 'docker exec lb lb fragment shop.prod'],
    [
      balancerStart(
        'lb',
        [
          {server: 'shop.prod/h1-1a', address: '10.0.0.1', port: 20_001},
          {server: 'shop.prod/h2-1a', address: '10.0.0.2', port: 20_001},
        ],
        60,
      ),
      'docker exec lb lb start 60 shop.prod/h1-1a=10.0.0.1:20001 shop.prod/h2-1a=10.0.0.2:20001',
    ],
    [
      balancerSwitch('lb', ['s/1b', 's/2b'], ['s/1a', 's/2a']),
      'docker exec lb lb switch --to s/1b,s/2b --from s/1a,s/2a',
    ],
    [balancerSwitch('lb', ['s/1b'], ['s/1a'], 20), 'docker exec lb lb switch --to s/1b --from s/1a --over 20'],
    [balancerSwitch('lb', ['s/1b'], [], 20), 'docker exec lb lb switch --to s/1b'],
    [balancerDrain('lb', 2, 30, ['s/1a', 's/2a']), 'docker exec lb lb drain 30 s/1a s/2a'],
    [balancerDisable('lb', 2, ['s/1a', 's/2a']), 'docker exec lb lb disable s/1a s/2a'],
    [
      balancerMove('lb', {
        version: 2,
        to: ['s/1b'],
        from: ['s/1a'],
        overSeconds: 0,
        service: 's',
        fragment: 'text\n',
        drainSeconds: 30,
      }),
      "printf %s 'text\n' | docker exec --interactive lb sh -c 'lb switch --to s/1b --from s/1a </dev/null && lb config --no-reload s && lb drain 30 s/1a'",
    ],
    [
      balancerMove('lb', {
        version: 2,
        to: [],
        from: [],
        overSeconds: 0,
        service: 's',
        fragment: 'text\n',
        drainSeconds: 30,
      }),
      "printf %s 'text\n' | docker exec --interactive lb sh -c 'lb config --no-reload s'",
    ],
    [balancerRestore('lb', 's'), 'docker exec lb lb restore s'],
    [
      balancerCanary('lb', 2, 's', 'green', {'s/1a': 256, 's/1b': 28}),
      'docker exec lb lb canary s green s/1a=256 s/1b=28',
    ],
    [balancerMaintenance('lb', 's', true), 'docker exec lb lb maintenance on s'],
    [balancerCounts('lb', 's'), 'docker exec lb lb counts s'],
    [balancerRemoveService('lb', 's'), 'docker exec lb lb remove s'],
  ] as const;
  for (const [command, text] of lines) test(text, () => assert.equal(commandText(command), text));
});

describe('a balancer of version 1, whose image has no label, is driven by', () => {
  const version = lbVersion('');
  const lines = [
    [balancerDrain('lb', version, 30, ['s/1a']), 'docker exec lb lb idle 30 s/1a'],
    [balancerDisable('lb', version, ['s/1a']), 'docker exec lb lb off s/1a'],
    [balancerCanary('lb', version, 's', 'green', {'s/1a': 1, 's/1b': 9}), 'docker exec lb lb canary s b s/1a=1 s/1b=9'],
    [lbWatch, 'attend'],
    [
      balancerMove('lb', {
        version,
        to: ['s/1b'],
        from: ['s/1a'],
        overSeconds: 0,
        service: 's',
        fragment: 'text\n',
        drainSeconds: 30,
      }),
      "printf %s 'text\n' | docker exec --interactive lb sh -c 'lb switch --to s/1b --from s/1a </dev/null && lb config --no-reload s && lb idle 30 s/1a'",
    ],
  ] as const;
  for (const [command, text] of lines) test(text, () => assert.equal(commandText(command), text));
});

test('a balancer of this version or a later one is driven with the words of this version', () => {
  assert.deepEqual(['', '1', '2', '3', 'x'].map(lbVersion), [1, 1, 2, 3, 1]);
});

test('leaving a shared balancer is one command; the last service removes the balancer', () => {
  const [, , script = ''] = balancerLeave('lb', 'shop.prod', 'shop.prod');
  assert.deepEqual(changes(script, 'api.prod', 'bridge shop.prod'), [
    'exec lb lb remove shop.prod',
    'network disconnect shop.prod lb',
  ]);
  assert.deepEqual(changes(script, 'api.prod', 'bridge'), ['exec lb lb remove shop.prod']);
  assert.deepEqual(changes(script, '', 'shop.prod'), ['exec lb lb remove shop.prod', 'rm --force --volumes lb']);
});

test('a certificate and its key reach the balancer of another host on standard input, never as an argument', () => {
  writeFileSync(join(directory, 'pem'), 'CERTIFICATE\nCHAIN\n');
  const command = sshRun(
    'deploy@h1',
    balancerCertificate('lb', 'shop.prod', [{file: join(directory, 'pem')}, {command: ['printf', 'KEY']}]),
  );
  const text = commandText(command);
  assert.match(
    text,
    /^\{ printf '%s\\n' "\$\(cat .*\/pem\)"; printf '%s\\n' "\$\(printf KEY\)"; \} \| ssh .* deploy@h1 -- 'sh -c .*docker exec --interactive lb lb certificate shop\.prod'\\'''$/,
  );
  assert.doesNotMatch(text, / -n /);
  writeFileSync(join(directory, 'ssh'), '#!/bin/sh\nexec cat\n', {mode: 0o755});
  assert.equal(
    execFileSync('sh', ['-c', text], {encoding: 'utf8', env: {PATH: `${directory}:${process.env['PATH']}`}}),
    'CERTIFICATE\nCHAIN\nKEY\n',
  );
});
