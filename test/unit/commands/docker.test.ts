import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {dockerBuild, dockerPs, dockerRun} from '../../../src/commands/docker/index.ts';
import {waitUntilReady} from '../../../src/commands/host.ts';
import {commandText} from '../../../src/shell/argv.ts';

describe('docker commands', () => {
  test('docker run has every option of a container, and secrets by name only', () => {
    const command = dockerRun(
      {
        image: 'buy@sha256:0',
        name: 'buy.local.1.1',
        network: 'buy.local',
        aliases: ['buy'],
        environment: {A: "it's"},
        secrets: {PASSWORD: {env: 'BUY_PASSWORD'}, TOKEN: {file: '.secrets/token'}},
        labels: {'entrypoint.role': 'app'},
        publish: ['127.0.0.1::8080'],
        volumes: ['data:/data'],
        log: {driver: 'syslog', options: {'syslog-address': 'udp://10.0.0.1:514'}},
        restart: 'always',
        memory: '256m',
        cpus: 0.5,
        stopSeconds: 30,
        command: ['run'],
      },
      'detached',
    );
    assert.equal(
      commandText(command),
      [
        'PASSWORD="$BUY_PASSWORD" TOKEN="$(cat .secrets/token)" docker run --detach --name buy.local.1.1 --network buy.local',
        '--network-alias buy --restart always --stop-timeout 30 --memory 256m --cpus 0.5 --publish 127.0.0.1::8080',
        '--volume data:/data --log-driver syslog --log-opt syslog-address=udp://10.0.0.1:514 --label entrypoint.role=app',
        "--env 'A=it'\\''s' --env PASSWORD --env TOKEN buy@sha256:0 run",
      ].join(' '),
    );
  });

  test('a task in the foreground is removed when it exits', () => {
    assert.equal(
      commandText(dockerRun({image: 'buy:1', command: ['migrate']}, 'foreground')),
      'docker run --rm buy:1 migrate',
    );
  });

  test('the CA bundle reaches a build as a secret, never a layer', () => {
    assert.equal(
      commandText(
        dockerBuild(
          {context: '.', tags: ['buy:1'], buildArgs: {git_commit_hash: 'abc'}, secretFiles: {ca: '/etc/ca.crt'}},
          {build: ['docker', 'build'], env: {DOCKER_BUILDKIT: '1'}},
        ),
      ),
      'DOCKER_BUILDKIT=1 docker build --tag buy:1 --build-arg git_commit_hash=abc --secret id=ca,src=/etc/ca.crt .',
    );
  });

  test('containers are listed by their labels', () => {
    assert.equal(
      commandText(dockerPs({'entrypoint.service_name': 'buy'}, '{{.Names}}')),
      "docker ps --all --no-trunc --filter label=entrypoint.service_name=buy --format '{{.Names}}'",
    );
  });

  test('a wait is one command that ends when the container stops or the time is up', () => {
    assert.deepEqual(waitUntilReady('db', ['pg_isready', '--quiet'], 60), [
      'sh',
      '-c',
      'end=$(($(date +%s) + 60)); until docker exec db pg_isready --quiet; do [ "$(docker inspect --format \'{{.State.Running}}\' db)" = true ] && [ "$(date +%s)" -lt "$end" ] || exit 1; sleep 0.2; done',
    ]);
  });
});
