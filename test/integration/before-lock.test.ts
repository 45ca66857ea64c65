import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {createServer} from 'node:net';
import {networkInterfaces} from 'node:os';
import {before, test} from 'node:test';
import {entrypoint, makeTiny} from './tiny.ts';

// What the engine would refuse in the middle of a deploy is refused before the lock, and nothing is left.

const {name, run, must, describe, commit, leftovers} = makeTiny();
let image = '';

before(() => {
  commit();
  image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
});

interface Refused {
  readonly settings: string;
  readonly words?: readonly string[];
  readonly code: number;
  readonly says: RegExp;
}

function refuses({settings, words = [], code, says}: Refused): void {
  const made = leftovers();
  describe(settings);
  const ended = run(entrypoint, ['deploy', `--image=${image}`, ...words]);
  assert.equal(ended.code, code, ended.stderr);
  assert.match(ended.stderr, says);
  assert.ok(!ended.stderr.includes('.lock'), ended.stderr);
  assert.deepEqual(leftovers(), made);
}

test('an image of another platform is refused, by --plan as well', (t) => {
  if (process.platform !== 'linux') return t.skip('other systems run it in a virtual machine, by emulation');
  const foreign = `${name}:foreign`;
  // An archive as `docker save` writes it, with one layer without files.
  must(
    'sh',
    '-c',
    `cd "$(mktemp -d)" && head -c 10240 /dev/zero >layer.tar && sum=$(sha256sum layer.tar | cut -d ' ' -f 1)
printf '{"os":"linux","architecture":"s390x","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$sum" >config.json
printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["layer.tar"]}]' ${foreign} >manifest.json
tar c manifest.json config.json layer.tar | docker load && rm -r "$PWD"`,
  );
  try {
    for (const words of [[`--image=${foreign}`, '--plan'], [`--image=${foreign}`]])
      refuses({
        settings: '',
        words,
        code: 69,
        says: /cannot be deployed to local; nothing has changed\n {2}deploy\.yaml:\d+: sha256:\w+ is built for linux\/s390x, and local is linux\/\w+\nfix: build the image for/,
      });
  } finally {
    must('docker', 'rmi', foreign);
  }
});

test('a network that does not exist is refused with its line and the command that makes it, by --plan as well', () => {
  for (const words of [['--plan'], []])
    refuses({
      settings: `network: ${name}-nowhere`,
      words,
      code: 69,
      says: /\n {2}deploy\.yaml:\d+: this engine has no network \S+-nowhere\nfix: create it: docker network create /,
    });
});

test('a port on which a program of this machine listens is refused with its line, by --plan as well', async (t) => {
  if (!existsSync('/sys/class/net/docker0') || (process.env['DOCKER_HOST'] ?? '') !== '')
    return t.skip('the engine publishes its ports elsewhere');
  const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({family}) => family === 'IPv6'));
  for (const address of ['127.0.0.1', ...(hasIPv6 ? ['::'] : [])]) {
    const server = createServer().listen(0, address);
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const {port} = server.address() as {port: number};
      const says = new RegExp(
        `\n {2}deploy\\.yaml:\\d+: another program listens on 127\\.0\\.0\\.1:${port} of this machine\nfix: stop it \\(ss `,
      );
      for (const words of [['--plan'], []])
        refuses({settings: `load_balancer: {port: ${port}}`, words, code: 69, says});
    } finally {
      server.close();
    }
  }
});

test('limits that the engine cannot give, and options that it does not know, are refused with their lines', () => {
  refuses({
    settings: 'cpus: 4000',
    code: 69,
    says: /docker refuses the settings of a replica; nothing has changed[^]*\n {2}deploy\.yaml:\d+: cpus\nfix: correct it/,
  });
  refuses({
    settings: 'docker_options: [--memory, 1m]',
    code: 69,
    says: /docker refuses the settings of a replica[^]*\n {2}deploy\.yaml:\d+: docker_options\nfix: /,
  });
});

test('an image that the engine cannot pull ends with the code of the reason', () => {
  refuses({
    settings: 'load_balancer: {image: "127.0.0.1:9/none:1"}',
    code: 69,
    says: /entrypoint: the registry 127\.0\.0\.1:9 does not answer: cannot pull the image; nothing has changed/,
  });
});

test('what is accepted is deployed', () => {
  describe(
    'memory: 128m, cpus: 0.5, docker_options: [--init=false], log: {driver: json-file, options: {max-size: 1m}}',
  );
  const {code, stderr} = run(entrypoint, ['deploy', `--image=${image}`]);
  assert.equal(code, 0, stderr);
  // Not that of the lock, which has an entry point of its own.
  const tried = /docker create (?!--entrypoint sleep)/;
  assert.match(stderr, tried);
  assert.equal(
    must('docker', 'inspect', '--format', '{{.HostConfig.Memory}}', `${name}.local.1.1`).trim(),
    '134217728',
  );
  // Settings that run are not tried again.
  assert.doesNotMatch(run(entrypoint, ['deploy', `--image=${image}`]).stderr, tried);
});
