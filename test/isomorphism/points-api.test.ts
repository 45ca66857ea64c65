import {isomorphism} from './suite.ts';

isomorphism({
  example: 'points-api',
  install: [
    'sh',
    '-euc',
    'python3 -m venv .venv; .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements/run.txt --requirement requirements/dev.txt; .venv/bin/pip install --quiet --disable-pip-version-check ../../images/python/lib',
  ],
  env: {POINTS_DATABASE_PASSWORD: 'only-for-tests'},
});
