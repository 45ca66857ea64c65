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
import {pythonProgram, task} from 'entrypoint';

// The tasks of tasks.py are added automatically.
export const migrate = task('Bring the database schema up to date', {}, async ({run, cwd, env}) => {
  await run([pythonProgram({cwd, env}), '-m', 'points_api.migrate']);
});
