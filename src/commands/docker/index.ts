// Every docker command line, by subject.
export * from './build-steps.ts';
export * from './containers.ts';
export * from './images.ts';
export * from './log-fallback.ts';
export {markedOptions} from './log-secrets.ts';
export * from './pull.ts';
export * from './resources.ts';
export * from './run.ts';
export * from './rows.ts';
