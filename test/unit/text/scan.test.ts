import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {scan, type Token, wordsBehindDashes} from '../../../src/text/scan.ts';

interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly value?: string;
}

const flags: readonly Flag[] = [
  {name: 'workers', short: 'w', value: 'NUMBER'},
  {name: 'max-rss', value: 'NUMBER'},
  {name: 'reload', short: 'r'},
  {name: 'quiet', short: 'q'},
];
const find = (name: string, length: 'long' | 'short'): Flag | undefined =>
  flags.find((flag) => (length === 'long' ? flag.name : flag.short) === name);

/** `name=value` for a flag, the text of a word, `?` for an unknown flag, `!` for an error. */
function read(...words: readonly string[]): readonly string[] {
  return [...scan(words, find)].map((token: Token<Flag>) => {
    if (token.type === 'flag') return `${token.flag.name}=${token.value}`;
    if (token.type === 'word') return token.afterUnknownFlag ? `(${token.text})` : token.text;
    return token.type === 'unknown' ? `?${token.written}` : `!${token.written} ${token.wrong}: ${token.fix}`;
  });
}

test('a value follows = or is the next word; of a short flag, it can be glued', () => {
  assert.deepEqual(read('--workers=2', '--workers', '3', '-w4', '-w', '5', 'app'), [
    'workers=2',
    'workers=3',
    'workers=4',
    'workers=5',
    'app',
  ]);
  assert.deepEqual(read('--workers=', '--workers=a=b'), ['workers=', 'workers=a=b']);
});

test('a name has one meaning in all its spellings', () => {
  assert.deepEqual(read('--max-rss=1', '--max_rss=1', '--maxRss=1'), ['max-rss=1', 'max-rss=1', 'max-rss=1']);
});

test('a switch is turned on, off, or set by =, and takes no word', () => {
  assert.deepEqual(read('--reload', '--no-reload', '--reload=no', '--reload', 'false'), [
    'reload=true',
    'reload=false',
    'reload=no',
    'reload=true',
    'false',
  ]);
  assert.deepEqual(read('--no-reload=yes'), ['!--no-reload takes no value: write --no-reload']);
});

test('short switches can be written together, the last one with a value', () => {
  assert.deepEqual(read('-qrw3', '-rw', '4'), ['quiet=true', 'reload=true', 'workers=3', 'reload=true', 'workers=4']);
});

test('negative numbers and a dash alone are words', () => {
  assert.deepEqual(read('--workers', '-1', '-.5', '-', '--max-rss', '-'), ['workers=-1', '-.5', '-', 'max-rss=-']);
});

test('a word that looks like a flag is no value: the scanner does not guess', () => {
  assert.deepEqual(read('--workers', '--reload'), [
    '!--workers needs a value: write --workers=NUMBER, or --workers=--reload if --reload is the value',
    'reload=true',
  ]);
  assert.deepEqual(read('-w', '-q'), ['!-w needs a value: write -w NUMBER, or -w-q if -q is the value', 'quiet=true']);
  assert.deepEqual(read('--workers', '-x', 'app'), [
    '!--workers needs a value: write --workers=NUMBER, or --workers=-x if -x is the value',
    'app',
  ]);
  assert.deepEqual(read('--workers'), ['!--workers needs a value: write --workers=NUMBER']);
  assert.deepEqual(read('--workers', '--', '3'), ['!--workers needs a value: write --workers=NUMBER']);
});

test('the word after an unknown flag is marked: it can be its value', () => {
  assert.deepEqual(read('--wokers', '3', 'app'), ['?--wokers', '(3)', 'app']);
  assert.deepEqual(read('--wokers=3', 'app', '-x', 'y', '--no-workers', 'z'), [
    '?--wokers',
    'app',
    '?-x',
    '(y)',
    '?--no-workers',
    '(z)',
  ]);
});

test('words after -- are not read', () => {
  assert.deepEqual(read('a', '--', '--workers', 'b'), ['a']);
  assert.deepEqual(wordsBehindDashes(['a', '--', 'b', '--', 'c']), ['b', '--', 'c']);
  assert.deepEqual(wordsBehindDashes(['a']), []);
});

test('any words are read without an exception, and any value after = comes back unchanged', () => {
  const word = fc.oneof(fc.string({maxLength: 8}), fc.constantFrom('--workers', '-w', '--reload', '--no-', '--', '-'));
  fc.assert(fc.property(fc.array(word, {maxLength: 8}), (words) => [...scan(words, find)].length <= 8 * 8));
  fc.assert(fc.property(fc.string(), (value) => read(`--workers=${value}`)[0] === `workers=${value}`));
});
