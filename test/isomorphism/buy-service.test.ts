import {isomorphism} from './suite.ts';

isomorphism({
  example: 'buy-service',
  install: ['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'],
  env: {BUY_DATABASE_PASSWORD: 'only-for-tests'},
  alwaysCheck: true,
});
