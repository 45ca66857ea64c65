// The standard tasks: re-export the ones that your service wants from its tasks.ts, and add your own beside them.
export {staticAnalysis} from './static-analysis.ts';
export {testUnit} from './test-unit.ts';
export {build} from './build.ts';
export {check} from './check.ts';
export {testIntegration} from './test-integration.ts';
export {publish} from './publish.ts';
export {promote} from './promote.ts';
export {deploy} from './deploy.ts';
export {run} from './run.ts';
export {testSanity} from './test-sanity.ts';
export {status} from './status.ts';
export {logs} from './logs.ts';
export {rollback} from './rollback.ts';
export {remove} from './remove.ts';
export {option} from '../option.ts';
export type {Option, Options, Values} from '../option.ts';
export {task} from '../task.ts';
export type {Context, Task} from '../task.ts';
