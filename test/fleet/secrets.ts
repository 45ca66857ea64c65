import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {chmodSync, existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {entrypoint} from './service.ts';
import {flaws, things} from './state.ts';
import type {World} from './world.ts';

const lines = randomBytes(900).toString('base64').replaceAll(/.{64}/g, '$&\n');
const values: Readonly<Record<string, string>> = {
  PEM: lines,
  CRLF: `${lines.replaceAll('\n', '\r\n')}\r\nend\r`,
  BIG: randomBytes(51_200).toString('hex'),
  ODD: `\t it's "$HOME" \`x\` \\n #é😀 = `,
  ASKED: 'from a command',
};
const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Secrets of every shape on hosts, and exec there. test/integration/secrets.test.ts has the same on this machine. */
export function secrets(world: () => World, long: {skip?: string}): void {
  const prepare = () => {
    const {fleet, service} = world();
    const directory = join(service.directory, '.git');
    for (const [name, value] of Object.entries(values)) writeFileSync(join(directory, name), `${value}\n`);
    const program = join(directory, 'ask');
    writeFileSync(program, `#!/bin/sh\necho asked >>'${directory}/asked'\ncat '${directory}/ASKED'\n`);
    chmodSync(program, 0o755);
    const asked = (): string => {
      const file = join(directory, 'asked');
      const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
      rmSync(file, {force: true});
      return text;
    };
    const references = Object.keys(values)
      .map((name) => `${name}: ${name === 'ASKED' ? '{command: [.git/ask]}' : `{file: .git/${name}}`}`)
      .join(', ');
    return {fleet, service, asked, references};
  };

  test('secrets of every shape arrive on all hosts; a command is asked once; nothing stays there', long, async () => {
    const {fleet, service, asked, references} = prepare();
    const {settle, deploy} = world();
    await settle('A');
    const arrived = (): void => {
      for (const host of fleet.hosts) {
        const [container = ''] = things(fleet, service, host).flatMap(
          (line) => /^container (\S+\.prod\.\d+\.1) running$/.exec(line)?.[1] ?? [],
        );
        for (const [name, value] of Object.entries(values)) {
          const found = fleet.on(host, `docker exec ${container} sh -c 'printf %s "$${name}" | sha256sum'`);
          assert.equal(found.split(' ')[0], digestOf(value), `${name} on ${host}`);
        }
        assert.equal(fleet.on(host, 'ls -A /root /tmp | grep "^entrypoint-" || :'), '');
      }
    };
    service.describe({also: [`secrets: {${references}}`]});
    const {code, stdout, stderr} = await deploy('B');
    assert.equal(code, 0, stderr);
    assert.equal(asked(), 'asked\n');
    for (const [name, value] of Object.entries(values))
      assert.ok(!(stdout + stderr).includes(value.slice(0, 60).trim()), name);
    arrived();
    const script = await deploy('A', '--dry-run');
    assert.deepEqual([script.code, asked()], [0, ''], script.stderr);
    const ran = service.shell('sh', [], script.stdout);
    assert.deepEqual([ran.code, asked()], [0, 'asked\n'], ran.stderr);
    arrived();
    assert.deepEqual(await flaws(fleet, service, 'A'), []);
  });

  test('a secret that cannot be passed on changes no host', long, async () => {
    const {fleet, service} = prepare();
    const {deploy} = world();
    const everywhere = (): string[][] => fleet.hosts.map((host) => things(fleet, service, host));
    const unchanged = everywhere();
    writeFileSync(join(service.directory, '.git/binary'), 'a\0b');
    service.describe({also: ['secrets: {A: {file: .git/binary}, B: {command: ["false"]}}']});
    const {code, stderr} = await deploy('B');
    assert.equal(code, 65, stderr);
    assert.match(stderr, /\n {2}B: exit code 1: false\n {2}A: the file \S+ has a NUL/);
    assert.deepEqual(everywhere(), unchanged);
  });

  test('exec on a host: standard input, exit code, user, and output byte for byte', long, async () => {
    const {service, settle} = world();
    await settle('A');
    const bytes = randomBytes(300_000);
    const exec = (words: readonly string[], input: Uint8Array = new Uint8Array()) =>
      spawnSync(entrypoint, ['--quiet', 'exec', 'prod', ...words], {
        cwd: service.directory,
        env: service.environment,
        input,
        maxBuffer: 1e6,
      });
    const {status, stdout, stderr} = exec(['--', 'sh', '-c', 'cat; exit 7'], bytes);
    assert.deepEqual([status, stdout.equals(bytes)], [7, true], stderr.toString());
    const show = ['--', 'sh', '-c', 'echo "$(id -u) $HOME"'];
    assert.equal(exec(show).stdout.toString(), '10001 /home/webuser\n');
    assert.equal(exec(['--root', ...show]).stdout.toString(), '0 /root\n');
  });
}
