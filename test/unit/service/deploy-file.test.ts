import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {isProblem} from '../../../src/errors.ts';
import {parseDeployFile} from '../../../src/service/deploy-file.ts';

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

  test('values of variables become strings, whatever YAML reads them as', () => {
    const file = parseDeployFile('environments: {local: {environment: {A: 1, B: true, C: on, D: 010}}}');
    assert.deepEqual(file.environments['local']?.environment, {A: '1', B: 'true', C: 'on', D: '10'});
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
        'deploy.yaml:7: environments.local.hosts.0 must be local, or an ssh destination: a host, USER@HOST, or a Host of ~/.ssh/config; or {host, address}',
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
