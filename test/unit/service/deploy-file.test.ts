import assert from 'node:assert/strict';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {isProblem} from '../../../src/errors.ts';
import {parseDeployFile, readDeployFile} from '../../../src/service/deploy-file.ts';
import {directoryWith} from '../../support/directory.ts';

function problemsOf(text: string): readonly string[] {
  try {
    parseDeployFile(text);
  } catch (error) {
    assert.ok(isProblem(error), String(error));
    assert.equal(error.exitCode, 65);
    return error.details;
  }
  return [];
}

describe('deploy.yaml', () => {
  test('an empty file means one replica on the local engine', () => {
    const file = parseDeployFile('');
    assert.equal(file.port, 3000);
    assert.equal(file.health, '/readyz');
    assert.deepEqual(Object.keys(file.environments), ['local']);
    assert.equal(file.environments['local']?.replicas, 1);
    assert.deepEqual(file.environments['local']?.load_balancer, {
      image: 'entrypoint/haproxy:3.0',
      address: '127.0.0.1',
      port: 0,
      hosts: [],
      routes: [],
      slow_start_seconds: 0,
      timeout_seconds: 60,
      trusted_proxies: [],
    });
  });

  test('numbers, booleans and dates in environment, labels and options arrive as they were written', () => {
    const written = {
      PIN: '0123',
      VERSION: '1.10',
      ID: '1147053346671102335',
      SHA: '12e4567',
      HEX: '0x1F',
      OCT: '0o17',
      RATE: '1.0',
      BIG: '1_000',
      YES: 'yes',
      TIME: '12:30:45',
      DATE: '2024-01-02',
      FLAG: 'True',
      INFINITE: '.inf',
      QUOTED: 'null',
    };
    const lines = Object.entries(written).map(([name, text]) => `${name}: ${name === 'QUOTED' ? `'${text}'` : text}`);
    const map = `{${lines.join(', ')}}`;
    const local = parseDeployFile(
      `environments: {local: {environment: ${map}, labels: ${map}, log: {driver: x, options: ${map}}}}`,
    ).environments['local'];
    assert.deepEqual([local?.environment, local?.labels, local?.log?.options], [written, written, written]);
  });

  test('an anchor is a number where a number is read, and text where text is', () => {
    const file = parseDeployFile(
      [
        'x-base: &base {RATE: 1.10, MODE: slow}',
        'port: &port 0x1F90',
        'environments:',
        '  local:',
        '    environment: {<<: *base, PORT: *port, MODE: fast}',
        '  prod:',
        '    hosts: [h1]',
        '    environment: *base',
      ].join('\n'),
    );
    assert.equal(file.port, 8080);
    assert.deepEqual(file.environments['local']?.environment, {RATE: '1.10', PORT: '0x1F90', MODE: 'fast'});
    assert.deepEqual(file.environments['prod']?.environment, {RATE: '1.10', MODE: 'slow'});
  });

  test('an empty value is refused with its line: null is no text', () => {
    assert.deepEqual(problemsOf('environments:\n  local:\n    environment:\n      A: ~\n      B:\n'), [
      "deploy.yaml:4: environments.local.environment.A must be text, a number or true/false; write '' for an empty value",
      "deploy.yaml:5: environments.local.environment.B must be text, a number or true/false; write '' for an empty value",
    ]);
  });

  test('keys that begin with x- are left out, but not from names of your choice', () => {
    const file = parseDeployFile('x-a: 1\nenvironments: {x-small: {x-note: text, labels: {x-owner: me}}}');
    assert.deepEqual(Object.keys(file.environments), ['x-small']);
    assert.deepEqual(file.environments['x-small']?.labels, {'x-owner': 'me'});
  });

  test('a byte order mark and Windows line ends are no part of the file', () => {
    assert.equal(parseDeployFile('\uFEFFservice: buy\r\nport: 80\r\n').port, 80);
  });

  test('duplicate keys, tabs, further documents and unknown tags are refused with their line', () => {
    assert.deepEqual(problemsOf('port: 1\nport: 2\n'), ['deploy.yaml:2: this key is already set above']);
    assert.deepEqual(problemsOf('check:\n\talive: /x\n').slice(0, 1), [
      'deploy.yaml:2: YAML allows no tabs in the indentation; write spaces',
    ]);
    assert.deepEqual(problemsOf('port: 1\n---\nport: 2\n'), [
      'deploy.yaml:2: a second document begins here; one file describes one service',
    ]);
    assert.match(problemsOf('port: !secret 1\n').join(), /^deploy\.yaml:1: Unresolved tag: !secret/);
  });

  test('what docker would refuse, or what could not work, is refused with its line', () => {
    assert.deepEqual(
      problemsOf(
        [
          'backing_services:',
          '  lock: {image: x, ready: [x]}',
          'environments:',
          '  local:',
          '    network: host',
          '    volumes: {a: /data, b: /data}',
        ].join('\n'),
      ).map((line) => line.slice(0, 72)),
      [
        'deploy.yaml:2: backing_services.lock must not be balancer, lock, log or ',
        'deploy.yaml:5: environments.local.network must be a network that you hav',
        'deploy.yaml:6: environments.local.volumes must mount each path once',
      ],
    );
    assert.deepEqual(problemsOf('port: 80\nenvironments:\n  local: {environment: {PORT: 81}}'), [
      'deploy.yaml:3: environments.local.environment.PORT contradicts `port`, which is 80; set only `port`',
    ]);
    assert.deepEqual(problemsOf('port: 80\nenvironments: {local: {environment: {PORT: 80}}}'), []);
  });

  test('all unknown keys of a map are reported, not only the first', () => {
    assert.deepEqual(
      problemsOf('aaaa: 1\nbbbb: 2\nenvironments: {local: {cccc: 1, dddd: 1}}').map((line) => line.slice(0, 32)),
      [
        'deploy.yaml:1: aaaa is not a set',
        'deploy.yaml:2: bbbb is not a set',
        'deploy.yaml:3: environments.loca',
        'deploy.yaml:3: environments.loca',
      ],
    );
  });

  test('all problems are reported at once, each with its line', () => {
    assert.deepEqual(
      problemsOf(
        [
          'service: Buy',
          'registri: x',
          'port: abc',
          'environments:',
          '  local:',
          '    replicas: 0',
          '    hosts: [-oProxyCommand=x]',
          '    secrets: {A: {envv: B}}',
          '    health_path: /x',
        ].join('\n'),
      ),
      [
        'deploy.yaml:1: service must be lower-case letters, digits and dashes, at most 40, and begin and end without a dash',
        'deploy.yaml:2: registri is not a setting; did you mean registry?',
        'deploy.yaml:3: port must be a port number',
        'deploy.yaml:6: environments.local.replicas must be at least 1',
        'deploy.yaml:7: environments.local.hosts.0 must be local, or an ssh destination: HOST, USER@HOST, ssh://USER@HOST:PORT, or a Host of ~/.ssh/config; or {host, address}',
        'deploy.yaml:8: environments.local.secrets.A must reference a secret: {env: NAME}, {file: path} or {command: [words]}',
        'deploy.yaml:9: environments.local.health_path is not a setting (known here: backing_services, before, environment, secrets, hosts, stage, replicas, load_balancer, after, batch, parallel, watch_seconds, keep_releases, ready_timeout_seconds, drain_timeout_seconds, stop_timeout_seconds, memory, cpus, volumes, labels, network, docker_options, log)',
      ],
    );
  });

  test('an undeclared backing service is reported with the nearest declared one', () => {
    assert.deepEqual(
      problemsOf(
        [
          'backing_services: {postgres: {image: p, ready: [true_]}}',
          'environments:',
          '  local:',
          '    backing_services: {postgre: {}}',
        ].join('\n'),
      ),
      [
        "deploy.yaml:4: environments.local.backing_services.postgre is not declared in the file's backing_services; did you mean postgres?",
      ],
    );
  });

  test('a secret given as a value is refused, and the message does not repeat it', () => {
    const problems = problemsOf('environments:\n  local:\n    secrets: {PASSWORD: hunter2}\n');
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /^deploy\.yaml:3: environments\.local\.secrets\.PASSWORD must reference a secret/);
    assert.doesNotMatch(problems.join(), /hunter2/);
  });

  test('text that is not YAML is reported with its lines', () => {
    assert.match(problemsOf('a: [1\nb: }').join('\n'), /^deploy\.yaml:2: /);
  });
});

describe('the name of the file', () => {
  test('deploy.yml is read as deploy.yaml is, and named in messages', () => {
    const directory = directoryWith({'deploy.yml': 'port: 80\n'});
    assert.equal(readDeployFile(directory).port, 80);
    writeFileSync(join(directory, 'deploy.yml'), 'port: x\n');
    assert.throws(() => readDeployFile(directory), {message: /deploy\.yml is invalid/});
  });

  test('both files are refused, unless the other one belongs to another program', () => {
    const directory = directoryWith({'deploy.yaml': 'port: 80\n', 'deploy.yml': 'port: 81\n'});
    assert.throws(() => readDeployFile(directory), {message: /both deploy\.yaml and deploy\.yml/});
    writeFileSync(join(directory, 'deploy.yml'), '- hosts: all\n  tasks: []\n');
    assert.equal(readDeployFile(directory).port, 80);
  });

  test('a deploy.yml is ours by one key, after a byte order mark and quoted as well', () => {
    for (const text of ['\uFEFFport: 80\n', '"port": 80\n', 'port : 80\n'])
      assert.equal(readDeployFile(directoryWith({'deploy.yml': text})).port, 80, text);
  });

  test('deploy.yml of another program alone leaves the defaults', () => {
    assert.equal(readDeployFile(directoryWith({'deploy.yml': '- hosts: all\n'})).port, 3000);
  });
});
