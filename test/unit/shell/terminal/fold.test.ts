import assert from 'node:assert/strict';
import {test} from 'node:test';
import {array, assert as holds, constantFrom, integer, oneof, property, string} from 'fast-check';
import {sshRun} from '../../../../src/commands/ssh.ts';
import {commandText, splitWords, wordsText} from '../../../../src/shell/argv.ts';
import {foldCommand, sizeText} from '../../../../src/shell/terminal/fold.ts';
import {widthOf} from '../../../../src/shell/terminal/look.ts';

const look = {unicode: true};
const fold = (text: string, columns = 78): string => foldCommand(text, columns, look);

test('a short command stays as it is, and can be pasted', () => {
  for (const words of [
    ['docker', 'tag', 'a', 'b'],
    ['sh', '-c', "it's; echo"],
    ['git', 'commit', '-m', ''],
  ])
    assert.deepEqual(splitWords(fold(wordsText(words))), words);
});

test('a here-document becomes its number of lines and its size', () => {
  const text = commandText({words: ['sh', '-c', 'cat >file'], stdin: 'one\ntwo\n'});
  assert.equal(fold(text), "sh -c 'cat >file' <<'END' …2 lines, 8 B");
  const inside = commandText({words: ['cat'], stdin: 'END\nb\n', cwd: 'sub'});
  assert.equal(fold(inside), "(cd ./sub && cat <<'END_' …2 lines, 6 B)");
});

test('a long word becomes its beginning and its size, a digest its first digits', () => {
  assert.equal(fold(wordsText(['sh', '-c', 'x'.repeat(90)])), `sh -c ${'x'.repeat(16)}…90 B`);
  assert.equal(fold(wordsText(['sh', '-c', `set -e\n${'echo 1\n'.repeat(300)}`])), "sh -c 'set -e…2.1 kB'");
  assert.equal(
    fold(wordsText(['docker', 'pull', '--quiet', `r:5000/shop@sha256:${'0123456789abcdef'.repeat(4)}`])),
    'docker pull --quiet r:5000/shop@sha256:0123456789ab…',
  );
});

test('options of ssh become their number; host and script stay', () => {
  const {words} = sshRun('deploy@h1', ['sh', '-c', 'docker ps; '.repeat(50)]);
  assert.match(
    fold(wordsText(words)),
    /^ssh …\d+ options deploy@h1 -- 'sh -c "?'?[^…]*…\d+ B'$|^ssh …\d+ options .*h1 -- .*…/,
  );
  assert.ok(widthOf(fold(wordsText(words))) <= 78);
});

test('a command of many words keeps its first ones and its last', () => {
  const labels = Array.from({length: 30}, (_, index) => ['--label', `entrypoint.label=${index}`]).flat();
  const text = fold(wordsText(['docker', 'run', '--detach', ...labels, 'shop:1']));
  assert.equal(text, 'docker run --detach --label entrypoint.label=0 --label …57 words shop:1');
});

test('what is not marked by an ellipsis can be pasted, and nothing is wider than asked for', () => {
  const word = oneof(
    string({maxLength: 8}),
    string({unit: 'grapheme', maxLength: 80}),
    constantFrom('--detach', '-v', "it's", '漢字', 'a\nb\n', 'a\u001b[2Jb', 'a\u0008\u0000b', '\u009b2J'),
  );
  holds(
    property(array(word, {minLength: 1, maxLength: 12}), integer({min: 4, max: 120}), (given, columns) => {
      const words = given.map((one) => one.replaceAll('\0', ''));
      const text = wordsText(words);
      const folded = foldCommand(text, columns, look);
      assert.ok(widthOf(folded) <= columns, `${widthOf(folded)} > ${columns}: ${folded}`);
      // eslint-disable-next-line no-control-regex
      assert.ok(!/[\u0000-\u001f\u007f-\u009f]/.test(folded), folded);
      if (!folded.includes('…')) assert.deepEqual(splitWords(folded), words);
    }),
  );
});

test('sizes are decimal, as docker prints them', () => {
  assert.deepEqual([340, 3400, 999_960, 51_200_000].map(sizeText), ['340 B', '3.4 kB', '1.0 MB', '51.2 MB']);
});
