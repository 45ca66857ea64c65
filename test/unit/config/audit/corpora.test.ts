import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Classified} from '../../../../src/config/audit/classify/index.ts';
import type {Json} from '../../../../src/config/audit/model/types.ts';
import {auditReport, auditText} from '../../../../src/config/audit/report.ts';
import {outputFiles} from '../../../../src/config/audit/write/files.ts';
import {planOf} from '../../../../src/config/audit/write/plan.ts';
import {differences} from '../../../../src/config/audit/write/put-back.ts';
import {auditCorpus, corpora} from './corpora.ts';

const audits = corpora.map((corpus) => {
  const started = process.cpuUsage();
  const found = auditCorpus(corpus);
  const {user, system} = process.cpuUsage(started);
  return {corpus, found, seconds: (user + system) / 1e6};
});

test('there are at least ten corpora of 60 to 400 keys, each of several environments', () => {
  assert.ok(corpora.length >= 10);
  for (const {corpus, found} of audits) {
    const count = Object.keys(corpus.keys).length;
    assert.ok(count >= 60 && count <= 400, `${corpus.name}: ${count}`);
    assert.ok(found.configuration.environments.length >= 2, corpus.name);
  }
});

// A key that is not found counts against recall, one too many against precision. Ambiguous is wrong unless the answer
// says so.
test('the classes are those assigned by hand: precision at least 0.97, recall at least 0.95', () => {
  const wrong: string[] = [];
  let [right, reported, expected] = [0, 0, 0];
  for (const {corpus, found} of audits) {
    reported += found.keys.length;
    expected += Object.keys(corpus.keys).length;
    for (const {key, class: is, why} of found.keys) {
      if (corpus.keys[key] === is) right += 1;
      else wrong.push(`${corpus.name} ${key}: ${is}, not ${corpus.keys[key]} (${why})`);
    }
  }
  assert.ok(right / reported >= 0.97, `precision ${right / reported}\n${wrong.join('\n')}`);
  assert.ok(right / expected >= 0.95, `recall ${right / expected}\n${wrong.join('\n')}`);
});

test('each audit takes less than a second', () => {
  for (const {corpus, seconds} of audits) assert.ok(seconds < 1, `${corpus.name}: ${seconds} s`);
});

test('every key has a file and the line where it stands', () => {
  for (const {corpus, found} of audits) {
    for (const {key, file, line, of} of found.keys) {
      assert.ok(corpus.files.some((one) => one === file) || file.endsWith('base.py'), `${corpus.name} ${key}: ${file}`);
      const last = of.path.at(-1) ?? '';
      assert.ok(line >= 1 && last !== '', `${corpus.name} ${key}`);
    }
  }
});

for (const {corpus, found} of audits) {
  test(`put back and loaded, ${corpus.name} has the same settings in every environment`, () => {
    const files = outputFiles(planOf(found.keys, found.configuration.environments));
    assert.deepEqual(differences(found.configuration, files), []);
  });

  test(`no value of a secret of ${corpus.name} is in the report, and none in a file that others can read`, () => {
    const harmless = new Set(found.keys.filter(({key}) => corpus.keys[key] !== 'secret').flatMap(textsOf));
    const secrets = found.keys
      .filter(({key}) => corpus.keys[key] === 'secret')
      .flatMap(textsOf)
      .filter((text) => !harmless.has(text));
    const files = outputFiles(planOf(found.keys, found.configuration.environments));
    const open = files.filter(({secret}) => !secret).map(({text}) => text);
    const shown = [auditText(found), JSON.stringify(auditReport(found)), ...open].join('\n');
    assert.deepEqual(
      secrets.filter((secret) => shown.includes(secret)),
      [],
    );
  });
}

/** The values of a key as texts, without words that a report has anyway: `sandbox`, `booking`. */
function textsOf({of}: Classified): readonly string[] {
  const texts = (value: Json | undefined): readonly string[] => {
    if (typeof value === 'string') return [value];
    return typeof value === 'object' && value !== null
      ? Object.values(value).flatMap((item) => texts(item as Json))
      : [];
  };
  return [...of.settings.values()]
    .flatMap(({value}) => texts(value))
    .filter((text) => /[^a-z]/.test(text) && text.length > 5);
}

test('one environment alone shows secrets and what is of the host; of the rest it says what cannot be known', () => {
  const corpus = corpora.find(({name}) => name === 'toml-relay');
  assert.ok(corpus);
  const found = auditCorpus({...corpus, files: ['etc/relay.live.toml']});
  const classes = new Set(found.keys.map((key) => key.class));
  assert.deepEqual([...classes].toSorted(), ['ambiguous', 'dead', 'not for a container', 'secret']);
  const [first, second] = auditText(found).split('\n');
  assert.equal(first, 'of 86 keys, 10 are secrets and 10 are not for a container');
  assert.equal(
    second,
    'one environment does not show which of the other 64 are configuration: add the files of another one',
  );
});
