import assert from 'node:assert/strict';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {commandText, execText, quote, wordsText} from '../../../src/shell/argv.ts';
import {temporaryDirectory} from '../../support/directory.ts';

const directory = temporaryDirectory();

// Prints its words, each ended by NUL, which no word can hold.
const show = join(directory, 'show');
writeFileSync(show, '#!/bin/sh\nprintf "%s\\0" "$@" "<end>"\n', {mode: 0o755});

const nasty = fc.constantFrom(
  '',
  '-',
  '--',
  '-n',
  '-e',
  "'",
  '"',
  '\\',
  '\\\\',
  '$',
  '$HOME',
  '${x}',
  '$(id)',
  '`id`',
  '*',
  '?',
  '[a-z]',
  '~',
  '~root',
  '!',
  '!!',
  '#',
  '# no comment',
  '&',
  '&&',
  '|',
  ';',
  ';;',
  '<',
  '>',
  '>>',
  '<<END',
  '(',
  ')',
  '{',
  '}',
  '{a,b}',
  '=',
  'a=b',
  '%1',
  '\n',
  '\n\n',
  '\r',
  '\t',
  ' ',
  "it's",
  `'"'`,
  "\\'",
  "'\\''",
  'END',
  'if',
  'do',
  'done',
  'é',
  '日本語',
  '👩‍👩‍👧',
  '\u200b',
  '\u00a0',
  '\u0001',
  '\u007f',
  '\u001b[31m',
  '-\n-',
  '^',
  '\u2028',
);
const text = fc.oneof(
  nasty,
  fc.string({unit: 'binary', maxLength: 12}),
  fc.string({unit: 'grapheme', maxLength: 12}),
  fc.array(nasty, {maxLength: 5}).map((parts) => parts.join('')),
);
// A lone surrogate has no UTF-8 form, and the kernel's words have no NUL.
const word = text.map((value) => value.toWellFormed().replaceAll('\0', '0'));

for (const shell of ['sh', 'bash']) {
  test(
    `10,000 random word lists come back byte for byte through ${shell}`,
    {skip: spawnSync(shell, ['-c', ':']).status !== 0},
    () => {
      const lists = fc.sample(fc.array(word, {maxLength: 8}), {numRuns: 10_000, seed: 7});
      for (let at = 0; at < lists.length; at += 1000) {
        const batch = lists.slice(at, at + 1000);
        const script = batch.map((words) => `printf '%s\\0' ${words.map(quote).join(' ')} '<end>'\n`).join('');
        const printed = execFileSync(shell, {input: script, maxBuffer: 1 << 28}).toString();
        assert.equal(printed, batch.map((words) => [...words, '<end>', ''].join('\0')).join(''));
      }
    },
  );
}

test('a program of any name is a program, not an assignment or a keyword', () => {
  for (const name of ['a=b', 'if', 'done', 'time', 'x y', "it's", '$x', '-dash', '~', '%1']) {
    const path = join(directory, name);
    writeFileSync(path, '#!/bin/sh\nprintf "called %s" "$1"\n', {mode: 0o755});
    const {stdout} = spawnSync('sh', {
      input: wordsText([name, 'with *']),
      env: {PATH: `${directory}:${process.env['PATH']}`},
      encoding: 'utf8',
    });
    assert.equal(stdout, 'called with *', name);
  }
});

test('plain words stay readable, all others are in single quotes', () => {
  assert.equal(
    wordsText(['docker', 'run', '--env', 'A=b', 'reg:5000/x@sha256:0', '50%', 'a b', '']),
    "docker run --env A=b reg:5000/x@sha256:0 50% 'a b' ''",
  );
});

test('a NUL is rejected everywhere', () => {
  for (const words of [['a', 'b\0'], ['a\0'], ['a=\0']]) assert.throws(() => wordsText(words), RangeError);
  assert.throws(() => commandText({words: ['cat'], stdin: 'a\nb\0\n'}), RangeError);
});

test('a name that is no shell variable is rejected', () => {
  for (const name of ['', 'a-b', '1a', 'a b', 'a=b'])
    assert.throws(() => commandText({words: ['x'], env: {[name]: '1'}}), RangeError);
});

const variable = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,6}$/).map((name) => `X_${name}`);

test('a command with directory, variables, standard input and secrets comes back byte for byte', () => {
  const inner = join(directory, "in'ner dir");
  mkdirSync(inner);
  const stdin = fc.oneof(
    word,
    fc
      .array(fc.oneof(word, fc.constantFrom('END', 'END_', 'EOF')), {maxLength: 4})
      .map((lines) => `${lines.join('\n')}\n`),
  );
  const program = join(directory, 'dump');
  writeFileSync(
    program,
    `#!${process.execPath}\nconst {env, argv} = process;\nprocess.stdout.write(JSON.stringify({argv: argv.slice(2), cwd: process.cwd(), env: Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith('X_'))), stdin: require('fs').readFileSync(0, 'utf8')}) + '\\n');\n`,
    {mode: 0o755},
  );
  const commands = fc.sample(
    fc.record({
      words: fc.array(word, {maxLength: 4}),
      stdin: fc.option(stdin, {nil: undefined}),
      env: fc.dictionary(variable, word, {maxKeys: 3}),
      cwd: fc.constantFrom(inner, undefined),
      secret: fc.option(
        word.map((value) => value.replace(/\n+$/, '')),
        {nil: undefined},
      ),
    }),
    {numRuns: 60, seed: 11},
  );
  const script: string[] = [];
  const expected = commands.map(({secret, words, ...command}, index) => {
    const file = join(directory, `secret ${index}`);
    if (secret !== undefined) writeFileSync(file, `${secret}\n`);
    const secrets =
      secret === undefined
        ? {}
        : {X_FILE: {file}, X_COMMAND: {command: ['cat', file]}, X_RENAMED: {env: 'OUTER'}, OUTER: {env: 'OUTER'}};
    script.push(commandText({...command, words: [program, ...words], secrets}));
    const values = secret === undefined ? {} : {X_FILE: secret, X_COMMAND: secret, X_RENAMED: 'from $outside'};
    return {argv: words, cwd: command.cwd ?? directory, env: {...values, ...command.env}, stdin: command.stdin ?? ''};
  });
  const printed = execFileSync('sh', ['-c', script.join('\n')], {
    cwd: directory,
    env: {OUTER: 'from $outside', PATH: process.env['PATH']},
    input: '',
    encoding: 'utf8',
  });
  const found = printed
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  assert.equal(found.length, expected.length);
  for (const [index, one] of found.entries()) assert.deepEqual(one, expected[index]);
});

test('the text of a command: directory, variables, standard input, secrets', () => {
  assert.equal(commandText({words: ['x'], cwd: 'sub'}), '(cd ./sub && x)');
  assert.equal(commandText({words: ['x'], cwd: '-'}), '(cd ./- && x)');
  assert.equal(commandText({words: ['x'], stdin: 'a'}), 'printf %s a | x');
  assert.equal(commandText({words: ['x'], stdin: 'a\nEND\n', cwd: '/d'}), "(cd /d && x <<'END_'\na\nEND\nEND_\n)");
  assert.equal(
    commandText({
      words: ['x'],
      env: {B: '1 2'},
      secrets: {A: {env: 'A'}, C: {env: 'D'}, E: {file: '/f g'}, F: {command: ['pass', 'a b']}},
    }),
    `C="$D" E="$(cat '/f g')" F="$(pass 'a b')" B='1 2' x`,
  );
});

test('the text of a command that replaces the shell', () => {
  const command = {
    words: ['sh', '-c', 'printf "%s|%s|%s" "$A" "$X_S" "$PWD"'],
    env: {A: 'b c'},
    secrets: {X_S: {env: 'OUTER'}},
    cwd: '/',
  };
  assert.equal(
    execText(command),
    `cd /\nexport X_S="$OUTER"\nexport A='b c'\nexec sh -c 'printf "%s|%s|%s" "$A" "$X_S" "$PWD"'`,
  );
  const {stdout} = spawnSync('sh', ['-c', `${execText(command)}\necho not reached`], {
    env: {PATH: process.env['PATH'], OUTER: 'o'},
    encoding: 'utf8',
  });
  assert.equal(stdout, 'b c|o|/');
});
