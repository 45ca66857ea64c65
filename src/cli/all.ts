// What every start loads: in the bundle one file, where a start would read dozens (0.5 ms each).
export {start} from './start.ts';
export * as tasks from '../tasks/index.ts';
