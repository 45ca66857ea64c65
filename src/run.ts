export type {Result, Runner, RunOptions, Scope} from './run/types.ts';
export {systemRunner} from './run/system.ts';
export {dryRunner} from './run/dry.ts';
export {recordingRunner} from './run/recording.ts';
export {makeEcho, noEcho} from './run/echo.ts';
export type {Echo} from './run/echo.ts';
