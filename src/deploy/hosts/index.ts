// The engine for Docker hosts: this machine's, or others by ssh, with HAProxy in front.
export type {Executed} from './execute/execute.ts';
export {deploy, endCanary, rollback} from './operations/deploy.ts';
export type {DeployOptions, RollbackOptions} from './operations/deploy.ts';
export {history, historyText} from './operations/history.ts';
export type {History, Release} from './operations/history.ts';
export {exec} from './operations/exec.ts';
export type {ExecOptions} from './operations/exec.ts';
export {logs} from './operations/logs.ts';
export type {LogOptions} from './operations/logs.ts';
export {addressOf, maintenance} from './operations/operate.ts';
export {remove} from './operations/remove.ts';
export type {Removed, RemoveOptions} from './operations/remove.ts';
export {status, statusText} from './operations/status.ts';
export type {ContainerStatus, HostStatus, Status} from './operations/status.ts';
export {planText} from './plan/plan.ts';
export type {Plan, ReleaseComparison} from './plan/plan.ts';
export type {FailureCause, LogSource, Phase, Round, Step} from './plan/steps/step.ts';
