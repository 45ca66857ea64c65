export type {Repetition, Result, Runner, RunOptions, Scope} from './types.ts';
export {systemRunner} from './runners/system.ts';
export {dryRunner} from './runners/dry.ts';
export {recordingRunner} from './runners/recording.ts';
export {makeEcho, noEcho} from './echo.ts';
export type {Echo, FoldedLine, FoldedOutput, FoldedStep, FoldedWarning} from './echo.ts';
