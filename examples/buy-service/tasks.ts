export {
  staticAnalysis,
  testUnit,
  build,
  check,
  config,
  testIntegration,
  publish,
  promote,
  deploy,
  run,
  testSanity,
  status,
  logs,
  logsCheck,
  history,
  exec,
  maintenance,
  rollback,
  remove,
} from 'entrypoint/tasks';
import {option, task} from 'entrypoint/tasks';

export const migrate = task('Bring the database schema up to date', {}, async ({run}) => {
  await run(['node', 'scripts/migrate.ts']);
});

export const seed = task(
  'Load sample products',
  {rows: option.number('how many products', {default: 100})},
  async ({run}, {rows}) => {
    await run(['node', 'scripts/seed.ts', '--rows', String(rows)]);
  },
);
