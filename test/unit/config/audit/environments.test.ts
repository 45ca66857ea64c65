import assert from 'node:assert/strict';
import {test} from 'node:test';
import {audit} from '../../../../src/config/audit/audit.ts';

/** The environments that follow from the names of files, each with its files. */
function environmentsOf(
  words: readonly string[],
  texts: Readonly<Record<string, string>> = {},
): Record<string, readonly string[]> {
  const files = words.map((word) => {
    const [environment, file] = word.includes('=') ? word.split('=') : [undefined, word];
    return {file: file ?? '', environment};
  });
  const {configuration} = audit(
    files,
    undefined,
    (file) => texts[file] ?? (file.endsWith('.json') ? '{"a": 1}' : 'a = 1\n'),
  );
  return Object.fromEntries(configuration.filesOf);
}

test('a file applies to all environments, others to one, by their names', () => {
  assert.deepEqual(environmentsOf(['c/app.ini', 'c/app.prod.ini', 'c/app.dev.ini']), {
    prod: ['c/app.ini', 'c/app.prod.ini'],
    dev: ['c/app.ini', 'c/app.dev.ini'],
  });
  assert.deepEqual(
    environmentsOf(['config/default.json', 'config/production.json', 'config/kiel.json', 'config/test.json']),
    {
      production: ['config/default.json', 'config/production.json'],
      test: ['config/default.json', 'config/test.json'],
    },
  );
  assert.deepEqual(environmentsOf(['.env', '.env.staging']), {staging: ['.env', '.env.staging']});
  assert.deepEqual(Object.keys(environmentsOf(['app-prod-eu.ini', 'app-prod-us.ini'])), ['eu', 'us']);
});

test('directories are environments where they hold files of one name', () => {
  const files = ['etc/linz-test/a.ini', 'etc/linz-test/b.ini', 'etc/lab/a.ini', 'etc/lab/b.ini'];
  assert.deepEqual(environmentsOf(files), {
    'linz-test': ['etc/linz-test/a.ini', 'etc/linz-test/b.ini'],
    lab: ['etc/lab/a.ini', 'etc/lab/b.ini'],
  });
  assert.deepEqual(environmentsOf(['k/base/a.ini', 'k/prod/a.ini', 'k/test/a.ini']), {
    prod: ['k/base/a.ini', 'k/prod/a.ini'],
    test: ['k/base/a.ini', 'k/test/a.ini'],
  });
});

test('two documents of each environment, in one directory', () => {
  assert.deepEqual(environmentsOf(['app-dev.ini', 'db-dev.ini', 'app-prod.ini', 'db-prod.ini']), {
    dev: ['app-dev.ini', 'db-dev.ini'],
    prod: ['app-prod.ini', 'db-prod.ini'],
  });
});

test('names that say nothing: files with the same keys are environments, others are parts of one', () => {
  assert.deepEqual(Object.keys(environmentsOf(['hans.ini', 'grete.ini'])), ['hans', 'grete']);
  assert.deepEqual(environmentsOf(['app.ini', 'db.ini'], {'app.ini': 'a = 1\n', 'db.ini': 'b = 1\n'}), {
    'the only environment': ['app.ini', 'db.ini'],
  });
});

test('NAME=FILE wins; what is no environment among others that are is left out and named', () => {
  assert.deepEqual(environmentsOf(['rc=x.ini', 'live=y.ini']), {rc: ['x.ini'], live: ['y.ini']});
  const words = [
    'application.ini',
    'application-dev.ini',
    'application-prod.ini',
    'application-tls.ini',
    'application-prod.sample.ini',
  ];
  const {configuration, notes} = audit(
    words.map((file) => ({file})),
    undefined,
    () => 'a = 1\n',
  );
  assert.deepEqual(configuration.environments, ['dev', 'prod']);
  assert.deepEqual(
    notes.map(({file}) => file),
    ['application-prod.sample.ini', 'application-tls.ini'],
  );
});
