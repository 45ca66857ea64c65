import assert from 'node:assert/strict';
import {chmodSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {isProblem, type Problem} from '../../../src/errors.ts';
import type {SecretReference} from '../../../src/shell/argv.ts';
import {readSecrets, secretInput, secretMemory, secretValues} from '../../../src/shell/secrets.ts';
import {secretWorld} from '../../../src/shell/spawn.ts';
import {temporaryDirectory} from '../../support/directory.ts';

const cwd = temporaryDirectory();
const world = secretWorld({cwd, env: {PATH: process.env['PATH'], EMPTY: '', LOSSY: 'a\uFFFD'}});
const file = (name: string, content: string | Uint8Array): SecretReference => {
  writeFileSync(join(cwd, name), content);
  return {file: name};
};
const valueOf = async (reference: SecretReference): Promise<string | undefined> =>
  (await secretValues({words: [], secrets: {S: reference}}, world))['S'];

async function failure(promise: Promise<unknown>): Promise<Problem> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isProblem(error), String(error));
  return error;
}
const reasonOf = async (reference: SecretReference): Promise<readonly [string, string | undefined]> => {
  const {code, details} = await failure(valueOf(reference));
  return [code, details[0]];
};

test('the value of a file and of a command is its text, without the line breaks at its end', async () => {
  const cases: readonly (readonly [content: string, value: string])[] = [
    ['one', 'one'],
    ['one\n', 'one'],
    ['one\n\n\n', 'one'],
    [' one \n two\n', ' one \n two'],
    ['\n\none\n', '\n\none'],
    ['-----BEGIN-----\r\nabc\r\n-----END-----\r\n', '-----BEGIN-----\r\nabc\r\n-----END-----\r'],
    ['\uFEFFone', '\uFEFFone'],
    ['é ✓ 😀', 'é ✓ 😀'],
    ['x'.repeat(100_000), 'x'.repeat(100_000)],
    [`a${'\n'.repeat(100_000)}b`, `a${'\n'.repeat(100_000)}b`],
  ];
  for (const [content, value] of cases) {
    const reference = file('content', content);
    assert.equal(await valueOf(reference), value);
    assert.equal(await valueOf({command: ['cat', 'content']}), value);
  }
});

test('an empty value is a missing one', async () => {
  assert.deepEqual(await reasonOf({env: 'EMPTY'}), ['secret_missing', 'S: the environment variable EMPTY is empty']);
  assert.deepEqual(await reasonOf(file('empty', '\n')), ['secret_missing', `S: the file ${cwd}/empty is empty`]);
  assert.deepEqual(await reasonOf({command: ['true']}), ['secret_missing', 'S: the output of true is empty']);
});

test('what no environment variable can hold is refused, from whatever source', async () => {
  const nul = 'has a NUL, which no environment variable can hold';
  assert.deepEqual(await reasonOf(file('nul', 'a\0b')), ['bad_secret', `S: the file ${cwd}/nul ${nul}`]);
  assert.deepEqual(await reasonOf({command: ['printf', 'a\\000b']}), ['bad_secret', `S: the output of printf ${nul}`]);
  const latin = file('latin', new Uint8Array([0x61, 0xe9, 0x62]));
  assert.deepEqual(await reasonOf(latin), ['bad_secret', `S: the file ${cwd}/latin is not text in UTF-8`]);
  assert.deepEqual(await reasonOf({env: 'LOSSY'}), [
    'bad_secret',
    'S: the environment variable LOSSY is not text in UTF-8',
  ]);
  assert.deepEqual(await reasonOf(file('windows', 'hunter2\r\n')), [
    'bad_secret',
    `S: the file ${cwd}/windows ends with a carriage return: save it with the line ending LF`,
  ]);
});

test('a value that Linux cannot give to a program is refused; for a standard input it is not too large', async () => {
  // `S=` and the NUL at its end are part of the variable.
  assert.equal((await valueOf(file('largest', 'x'.repeat(131_069))))?.length, 131_069);
  const large = file('large', 'x'.repeat(131_070));
  assert.deepEqual(await reasonOf(large), [
    'bad_secret',
    'S: 131073 bytes with its name; an environment variable can have 131072',
  ]);
  assert.equal((await secretInput([large], world)).length, 131_071);
  const many = Object.fromEntries(Array.from({length: 9}, (_, index) => [`S${index}`, {file: 'largest'}]));
  writeFileSync(join(cwd, 'largest'), 'x'.repeat(120_000));
  const {code, details} = await failure(readSecrets([{words: ['x'], secretLines: many}], world));
  assert.deepEqual(
    [code, details],
    ['bad_secret', [`${Object.keys(many).join(', ')}: 1080036 bytes together; a container can have 1048576`]],
  );
});

test('all problems are reported at once, also of secrets that have the same name in two containers', async () => {
  const {code, message, details} = await failure(
    readSecrets(
      [
        {words: ['a'], secrets: {S: {env: 'NONE'}, T: {file: 'nowhere'}}},
        {words: ['b'], secrets: {S: {env: 'OTHER'}, T: {file: 'nowhere'}}},
        {words: ['c'], secretInput: [{command: ['sh', '-c', 'exit 3']}]},
        {words: ['d'], secretLines: {U: {command: ['no-such-program']}, V: file('nul', '\0')}},
      ],
      world,
    ),
  );
  assert.deepEqual([code, message], ['bad_secret', 'secrets cannot be passed on, or are missing']);
  assert.deepEqual(details, [
    'S: the environment variable NONE is not set',
    `T: cannot read the file ${cwd}/nowhere (ENOENT)`,
    'S: the environment variable OTHER is not set',
    'text 1 for its standard input: exit code 3: sh',
    'U: command not found: no-such-program',
    `V: the file ${cwd}/nul has a NUL, which no environment variable can hold`,
  ]);
});

test('what checks a command’s input gets its texts as soon as they are read, once for commands with the same', async () => {
  const seen: (readonly string[])[] = [];
  const command = {
    words: ['a'],
    secretInput: [file('one', '1\n'), file('two', '2\n')],
    checkInput: async (texts: readonly string[]) => void seen.push(texts),
  };
  await readSecrets([command, {...command, words: ['b']}, {words: ['c'], secretInput: [file('other', '3')]}], world);
  assert.deepEqual(seen, [['1', '2']]);
  const refusing = {...command, checkInput: () => Promise.reject(new RangeError('no'))};
  await assert.rejects(readSecrets([refusing], world), RangeError);
});

/** Who was asked since the last call. */
const asked = async (): Promise<string> => {
  const text = await valueOf({command: ['sh', '-c', 'cat asked; rm asked']});
  return text?.replaceAll('\n', ' ') ?? '';
};

test('an open memory asks once for each source, one at a time, and asks again after a failure', async () => {
  const program = join(cwd, 'ask');
  writeFileSync(
    program,
    '#!/bin/sh\nmkdir asking || exit 9\necho "$1" >>asked\nsleep 0.05\nrmdir asking\n[ "$1" != no ] && echo "value of $1"\n',
  );
  chmodSync(program, 0o755);
  const memory = secretMemory();
  const remembering = {...world, memory};
  const ask = (name: string): Promise<unknown> =>
    secretValues({words: [], secrets: {S: {command: [program, name]}}}, remembering);
  const all = (): Promise<unknown> => Promise.all(['a', 'b', 'a', 'b', 'a'].map(ask));
  const [close, closeInner] = [memory.open(), memory.open()];
  await all();
  closeInner();
  await all();
  assert.equal(await asked(), 'a b');
  await failure(ask('no'));
  await failure(ask('no'));
  assert.equal(await asked(), 'no no');
  close();
  await all();
  assert.equal(await asked(), 'a b a b a');
});
