import assert from 'node:assert/strict';
import {execFileSync, spawn, spawnSync} from 'node:child_process';
import {chmodSync, readFileSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {type AddressInfo, createServer as createTcpServer, type Server} from 'node:net';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {type ContainerOptions, dockerRun, dockerRunWithFallback} from '../../../src/commands/docker/index.ts';
import {sendStream} from '../../../src/commands/log-measure.ts';
import {probeEndpoint, startTest} from '../../../src/commands/log-probe.ts';
import {toCommand} from '../../../src/shell/argv.ts';
import {temporaryDirectory} from '../../support/directory.ts';

// The scripts run in real shells, with a docker that is a shell script.

const shells = ['sh', 'bash', 'busybox'].filter(
  (name) => spawnSync(name, ['true']).error === undefined || name === 'sh',
);

/** A docker of these shell lines, with the command in $1; each call is a line of the file `calls`. */
function fakeDocker(lines: readonly string[]): {readonly directory: string; calls: () => readonly string[]} {
  const directory = temporaryDirectory();
  const file = join(directory, 'docker');
  writeFileSync(
    file,
    [
      '#!/bin/sh',
      `printf '%s ' "$@" | tr '\\n' ' ' >>'${directory}/calls'; echo >>'${directory}/calls'`,
      ...lines,
    ].join('\n'),
  );
  chmodSync(file, 0o755);
  writeFileSync(join(directory, 'calls'), '');
  return {
    directory,
    calls: () =>
      readFileSync(join(directory, 'calls'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.trim()),
  };
}

function runIn(shell: string, words: readonly string[], directory: string, env: Readonly<Record<string, string>> = {}) {
  const [program = '', ...rest] =
    words[0] === 'sh' ? [...(shell === 'busybox' ? ['busybox', 'sh'] : [shell]), ...words.slice(1)] : words;
  const {status, stdout, stderr} = spawnSync(program, rest, {
    encoding: 'utf8',
    env: {...process.env, ...env, PATH: `${directory}:${process.env['PATH'] ?? ''}`},
  });
  return {code: status, stdout, stderr};
}

const id = '0123456789abcdef'.repeat(4);
const inspected = JSON.stringify({
  NetworkingConfig: {EndpointsConfig: {'shop.prod': {Aliases: null}}},
  HostConfig: {
    LogConfig: {Type: 'splunk', Config: {'splunk-token': 'entrypoint-secret-1', 'splunk-url': 'https://h:8088'}},
  },
}).slice(0, -1);
const config = JSON.stringify({
  Hostname: id.slice(0, 12),
  Env: [String.raw`A="x" \ ,{"Hostname":"y"} $é`],
  Image: 'sha256:0',
});
const engine = (answer: string): readonly string[] => [
  'case $1 in',
  `create) echo ${id} ;;`,
  `inspect) cat <<'END'\n${inspected},${config}\nEND\n;;`,
  `system) cat >"$(dirname "$0")/request"; printf '${answer}' ;;`,
  'esac',
];
const splunk: ContainerOptions = {
  image: 'sha256:0',
  name: 'shop.prod.1.1',
  environment: {A: 'b'},
  log: {driver: 'splunk', options: {'splunk-url': 'https://h:8088'}, secrets: {'splunk-token': {env: 'SPLUNK_TOKEN'}}},
  command: ['run'],
};
const made = String.raw`HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{"Id":"ffff","Warnings":[]}\n`;

const refuses = (message: string): string => String.raw`HTTP/1.1 400 Bad Request\r\n\r\n{"message":"${message}"}\n`;

describe('secret options of a log driver', () => {
  const hostile = ['plain', 'a"b', String.raw`a\b\\c`, "it's $HOME `x` %s *", 'é🙂', 'secret', '1'];

  test('reach the engine in a request, as JSON, whatever is in them; no word of a command has them', () => {
    for (const shell of shells)
      for (const value of hostile) {
        const {directory, calls} = fakeDocker(engine(made));
        const {words, secrets} = toCommand(dockerRun(splunk, 'detached'));
        assert.deepEqual(secrets, {ENTRYPOINT_LOG_SECRET_1: {env: 'SPLUNK_TOKEN'}});
        const {code, stderr} = runIn(shell, words, directory, {ENTRYPOINT_LOG_SECRET_1: value});
        assert.deepEqual([code, stderr], [0, ''], `${shell} ${value}`);
        const request = readFileSync(join(directory, 'request'));
        const [head = '', body = ''] = request.toString().split('\r\n\r\n');
        assert.equal(head.split('\r\n')[0], 'POST /containers/create?name=shop.prod.1.1 HTTP/1.1');
        assert.match(head, new RegExp(`\\r\\nContent-Length: ${Buffer.byteLength(body)}\\r\\n`));
        const parsed = JSON.parse(body) as {HostConfig: {LogConfig: {Config: object}}; Hostname: string; Env: string[]};
        assert.deepEqual(parsed.HostConfig.LogConfig.Config, {'splunk-token': value, 'splunk-url': 'https://h:8088'});
        assert.deepEqual([parsed.Hostname, parsed.Env], ['', [String.raw`A="x" \ ,{"Hostname":"y"} $é`]]);
        assert.deepEqual(
          calls().map((line) => line.replace(/ --format .*?(?= [0-9a-f]{64}$)/, '')),
          [
            'create --log-driver splunk --log-opt splunk-url=https://h:8088 --log-opt splunk-token=entrypoint-secret-1 --env A=b sha256:0 run',
            `inspect ${id}`,
            `rm --force --volumes ${id}`,
            'system dial-stdio',
            'start ffff',
          ],
          shell,
        );
      }
  });

  test('what the engine refuses ends with 125 and its words, without the secret that it repeats', () => {
    for (const shell of shells)
      for (const [answer, says] of [
        [refuses('unknown log opt x'), 'docker: Error response from daemon: unknown log opt x\n'],
        [
          refuses('bad value s3cret-42'),
          'docker: Error response from daemon: it refuses the options of the log driver\n',
        ],
      ] as const) {
        const {directory} = fakeDocker(engine(answer));
        const {words} = toCommand(dockerRun(splunk, 'detached'));
        const ended = runIn(shell, words, directory, {ENTRYPOINT_LOG_SECRET_1: 's3cret-42'});
        assert.deepEqual([ended.code, ended.stderr], [125, says], shell);
      }
  });
});

const fails = (text: string): readonly string[] => [
  `case " $* " in *" syslog "*) echo abc; echo '${text}' >&2; exit 125 ;; esac`,
];

describe('a start with a fallback', () => {
  const syslog: ContainerOptions = {image: 'i', name: 'shop.prod.1.1', log: {driver: 'syslog'}, command: ['run']};
  const fallback = {log: {driver: 'local'}, labels: {'entrypoint.log_fallback': 'syslog'}};
  const rest = 'i run';

  test('uses the driver that starts', () => {
    for (const shell of shells) {
      const {directory, calls} = fakeDocker([]);
      const {code, stderr} = runIn(shell, toCommand(dockerRunWithFallback(syslog, fallback)).words, directory);
      assert.deepEqual(
        [code, stderr, calls()],
        [0, '', [`run --detach --name shop.prod.1.1 --log-driver syslog ${rest}`]],
        shell,
      );
    }
  });

  test('uses the other one, and says so, when docker cannot start the first', () => {
    const says = 'docker: Error response from daemon: failed to initialize logging driver: dial tcp: refused.';
    for (const shell of shells) {
      const {directory, calls} = fakeDocker(fails(says));
      const {code, stderr} = runIn(shell, toCommand(dockerRunWithFallback(syslog, fallback)).words, directory);
      assert.deepEqual(
        [code, stderr],
        [0, `log: warning: shop.prod.1.1 logs to local in place of syslog: ${says}\n`],
        shell,
      );
      assert.deepEqual(calls().slice(1), [
        'rm --force --volumes shop.prod.1.1',
        `run --detach --name shop.prod.1.1 --log-driver local --label entrypoint.log_fallback=syslog ${rest}`,
      ]);
    }
  });

  test('does not try the first where it is known to be down, and fails for any other reason', () => {
    for (const shell of shells) {
      const known = fakeDocker([]);
      const words = toCommand(dockerRunWithFallback(syslog, {...fallback, known: 'echo down'})).words;
      const {stderr} = runIn(shell, words, known.directory);
      assert.equal(stderr, 'log: warning: shop.prod.1.1 logs to local in place of syslog: down\n');
      assert.equal(known.calls().length, 1);
      const other = fakeDocker(fails('docker: port is already allocated.'));
      const ended = runIn(shell, toCommand(dockerRunWithFallback(syslog, fallback)).words, other.directory);
      assert.deepEqual([ended.code, ended.stderr], [125, 'abc\ndocker: port is already allocated.\n'], shell);
      assert.equal(other.calls().length, 1);
    }
  });
});

function spawned(words: readonly string[], directory: string): Promise<{code: number | null; text: string}> {
  const [program = '', ...rest] = words;
  const child = spawn(program, rest, {
    env: {...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}`},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve) => child.once('close', (code) => resolve({code, text})));
}

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => server.close());
  return (server.address() as AddressInfo).port;
};

/** The probe's own program, without a container. */
function probe(kind: 'tcp' | 'tls' | 'http' | 'https', port: number): Promise<{code: number | null; text: string}> {
  const {directory} = fakeDocker([
    '[ "$1" = run ] || exit 0',
    'while [ "$1" != -c ]; do shift; done',
    'shift; exec sh -c "$@"',
  ]);
  // Its time limit, shortened.
  const words = toCommand(probeEndpoint({kind, host: '127.0.0.1', port}, 'i')).words.map((word) =>
    word.replace(', 5000)', ', 500)'),
  );
  return spawned(words, directory);
}

describe('a probe', () => {
  test('succeeds for what accepts a connection, and for any answer to HTTP', async () => {
    const port = await listening(createTcpServer((socket) => socket.on('error', () => {}).end()));
    assert.deepEqual(await probe('tcp', port), {code: 0, text: ''});
    const busy = createServer((_, response) => void response.writeHead(503).end());
    assert.deepEqual(await probe('http', await listening(busy)), {code: 0, text: ''});
    // A server without TLS answers a handshake: the driver says itself what is wrong.
    assert.deepEqual(
      await probe('tls', await listening(createTcpServer((socket) => socket.on('error', () => {}).end('no TLS\r\n')))),
      {code: 0, text: ''},
    );
  });

  test('names the endpoint that refuses, that closes and that never answers, within its time', async () => {
    const closed = createTcpServer();
    const port = await listening(closed);
    await new Promise((resolve) => closed.close(resolve));
    assert.deepEqual(await probe('tcp', port), {
      code: 69,
      text: `log endpoint 127.0.0.1:${port} is down: connect ECONNREFUSED 127.0.0.1:${port}\n`,
    });
    const closes = await listening(createTcpServer((socket) => socket.on('error', () => {}).end()));
    assert.deepEqual(await probe('http', closes), {
      code: 69,
      text: `log endpoint 127.0.0.1:${closes} closes the connection\n`,
    });
    const sockets: {destroy: () => void}[] = [];
    const silent = await listening(createTcpServer((socket) => void sockets.push(socket)));
    const began = Date.now();
    assert.deepEqual(await probe('https', silent), {
      code: 69,
      text: `log endpoint 127.0.0.1:${silent} does not answer within 5 s\n`,
    });
    assert.ok(Date.now() - began < 4000);
    for (const socket of sockets) socket.destroy();
  });

  test('an image without Node is not asked; a failure of docker stays one', () => {
    const words = toCommand(probeEndpoint({kind: 'tcp', host: 'h', port: 1}, 'i')).words;
    for (const shell of shells)
      assert.deepEqual(
        [127, 125, 69].map((code) => runIn(shell, words, fakeDocker([`exit ${code}`]).directory).code),
        [0, 125, 69],
      );
    const kept = toCommand(probeEndpoint({kind: 'tcp', host: 'h', port: 1}, 'i', {name: 'n', labels: {}})).words;
    for (const shell of shells)
      assert.deepEqual(
        [127, 125, 69].map((code) => runIn(shell, kept, fakeDocker([`exit ${code}`]).directory).code),
        [0, 125, 0],
      );
  });

  test('a start that docker does not end is given up, and the container goes when docker lets it go', () => {
    const {directory, calls} = fakeDocker(['[ "$1" != start ] || sleep 30']);
    const script = startTest('id=x', 'gelf').replace('-s KILL 10', '-s KILL 1');
    const {code, stderr} = runIn('sh', ['sh', '-c', script], directory);
    assert.equal(code, 69);
    assert.match(stderr, /docker has not started a container with the log driver gelf within 10 s\n$/);
    execFileSync('sleep', ['0.3']);
    assert.deepEqual(calls(), ['start --attach x', 'rm --force --volumes x']);
  });
});

test('a measured stream has every number once, in order, in lines of the given size', () => {
  const {directory} = fakeDocker([]);
  const {words} = toCommand(sendStream({image: 'i'}, {token: 'tok', lines: 500, bytes: 100}, false));
  const program =
    /node -e "\$@"'\\'' sh '\\''(.*?)'\\'' tok 500 100/s.exec(words[2] ?? '')?.[1] ??
    /sh '(const .*?)' tok/s.exec(words[2] ?? '')?.[1] ??
    '';
  assert.match(program, /^const \{writeSync/);
  const stdout = execFileSync(
    process.execPath,
    ['-e', program.replace('/tmp/measured', `${directory}/measured`), 'tok', '500', '100'],
    {encoding: 'utf8'},
  );
  const lines = stdout.split('\n').slice(0, -1);
  assert.deepEqual(
    lines.map((line) => Number(line.split(' ')[1])),
    Array.from({length: 500}, (_, index) => index + 1),
  );
  assert.ok(lines.every((line) => line.length === 99));
  const times = JSON.parse(readFileSync(`${directory}/measured`, 'utf8')) as Record<string, number>;
  assert.deepEqual(Object.keys(times), ['seconds', 'blocked', 'longest']);
});
