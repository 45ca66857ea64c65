// The public API: the functions of which the standard tasks are made, and the types of their results. docs/api.md has
// one section for each `## `.

// ## Tasks: declare a task and its options, and test it
export {task, taskDescription, testContext} from './task.ts';
export type {Context, ResultScreen, Task, TaskDescription, TestContext, TestContextOptions} from './task.ts';
export {option} from './option.ts';
export type {Option, Options, OptionSettings, Source, Sources, Values} from './option.ts';
export {environmentOption} from './tasks/environment.ts';

// ## Commands: run them, print them and their results, record them in tests
export {commandText, execText, quote, titled, wordsText} from './shell/argv.ts';
export type {Command, Commands, SecretReference, Words} from './shell/argv.ts';
export {dryRunner, makeEcho, noEcho, recordingRunner, systemRunner} from './shell/index.ts';
export type {
  Echo,
  FoldedLine,
  FoldedOutput,
  FoldedStep,
  FoldedWarning,
  Result,
  Runner,
  RunOptions,
  Scope,
} from './shell/index.ts';
export type {Responder} from './shell/runners/recording.ts';
export {imageRows, resultText} from './text/result.ts';
export type {ResultRow} from './text/result.ts';
export {isTransientText, retry} from './shell/retry.ts';
export type {RetryOptions, RetryWorld} from './shell/retry.ts';

// ## Errors: make and recognise errors that users can act on
export {exitCode, exitCodes, isProblem, messageOf, problem, problemText, usageProblem} from './errors.ts';
export type {Problem, ProblemOptions} from './errors.ts';

// ## Services: the name, deploy.yaml and registry of a service
export {environmentOf, formerNameNote, readService, readServiceName, requireRegistry} from './service/service.ts';
export type {Service} from './service/service.ts';
export type {BackingService, DeployFile, Environment, StackSettings} from './service/schema/schema.ts';

// ## Runtimes: how a service in Node or Python is checked, tested and served
export {runtimeOf, testCommand} from './runtimes/index.ts';
export type {ServiceManifest, Reports, Runtime, ServiceContext, TestOptions} from './runtimes/index.ts';
export {serveOptions} from './runtimes/serve.ts';
export type {PrintedSettings, Serve, ServeSources, ServeValues} from './runtimes/serve.ts';
export {pythonProgram} from './runtimes/python/program.ts';
export {reportOptions, runTests} from './tasks/suite.ts';
export type {SuiteOptions} from './tasks/suite.ts';

// ## Adoption: the files with which a service is built and deployed
export {initService, undoInit} from './init/index.ts';
export type {Initialized, InitOptions} from './init/index.ts';
export type {Ci} from './init/files.ts';
export type {Undone} from './init/record.ts';
export type {Left, Taken} from './init/from/imported.ts';
export type {Description, Fact, HealthPath, Undecided} from './runtimes/description.ts';

// ## Docker: command lines, and the engine that runs them
export {
  buildSteps,
  dockerBuild,
  dockerCopyOut,
  dockerImageInspect,
  dockerPush,
  dockerRemove,
  dockerRun,
  dockerTag,
} from './commands/docker/index.ts';
export type {ContainerOptions, DockerBuildOptions, LogDriverOptions} from './commands/docker/index.ts';
export {onEngine} from './commands/engine.ts';
export {explainBuild} from './image/build-failure.ts';
export {dockerTemporaryDirectory, findDockerClient} from './image/docker.ts';
export {requireEngine} from './image/engine.ts';
export type {DockerClient} from './image/docker.ts';

// ## Images: the version of the source, and the image built from it
export {type BuildSecrets, buildSecrets} from './image/build-secrets.ts';
export {withBuildContext} from './image/context.ts';
export type {BuildContext, BuildContextOptions} from './image/context.ts';
export {readSource} from './image/source.ts';
export type {ImageSource} from './image/source.ts';
export {readVersion} from './image/version.ts';
export type {Version} from './image/version.ts';
export {builtImageName, contentLabel, findBuiltImage, findImage, imageToDeploy} from './image/find.ts';
export {platformBuilds, platformImages, platformsLabel, readPlatforms} from './image/platforms.ts';
export type {Builders, PlatformBuild, PlatformImage} from './image/platforms.ts';
export {pushImage, pushImages} from './image/transfer.ts';
export type {BuiltImageOptions, EngineOptions, ImageOptions, ImageReference} from './image/find.ts';
export type {Built} from './tasks/work/build.ts';
export type {Published} from './tasks/work/publish.ts';

// ## Registry: read and move the tags of published images, such as stages
export {manifestUrl, readManifest, repositoryText, writeManifest} from './registry/client.ts';
export {copyManifestText, registryAccess} from './registry/copy-text.ts';
export type {RegistryAccess} from './registry/copy-text.ts';
export type {ImageManifest, RegistryContext, Repository} from './registry/client.ts';
export {readLogin} from './registry/login.ts';
export type {Login, LoginContext} from './registry/login.ts';
export type {Promoted} from './tasks/work/promote.ts';

// ## Stacks: containers on a network of their own, for tests
export {roleLabels, stackName} from './stack/names.ts';
export type {Role, Stack} from './stack/names.ts';
export {startTestStack} from './stack/test-stack.ts';
export type {TestStackOptions} from './stack/test-stack.ts';
export {serviceHealth} from './service/schema/health-check.ts';
export type {CommandCheck, HealthCheck, HttpCheck, TcpCheck} from './service/schema/health-check.ts';
export {awaitAnswer} from './stack/await-answer.ts';
export {awaitHealth, awaitHealthCommand} from './stack/await-health.ts';
export {withLastLog} from './stack/last-log.ts';

// ## Deploys: move an environment to another image, and operate it
export {
  addressOf,
  batchPattern,
  checkLogDriver,
  deployImage,
  endCanary,
  execInReplica,
  historyText,
  logCheckText,
  planText,
  printLogs,
  readHistory,
  readStatus,
  readTarget,
  removeDeployment,
  requireLogStarts,
  rollBackRelease,
  setMaintenance,
  statusText,
} from './deploy/index.ts';
export type {
  FailureCause,
  ContainerStatus,
  Delivery,
  Deployed,
  DeployOptions,
  ExecOptions,
  Executed,
  History,
  HostLogCheck,
  HostStatus,
  LogCheck,
  LogCheckOptions,
  LogOptions,
  LogSource,
  Measured,
  Phase,
  Plan,
  Release,
  ReleaseComparison,
  Removed,
  RemoveOptions,
  RollbackOptions,
  Round,
  Status,
  Step,
  Target,
} from './deploy/index.ts';

// ## Checks: check an image against the container contract
export {checkImage} from './contract/check.ts';
export type {CheckOptions, Report, RuleResult} from './contract/check.ts';
export {readImageFacts} from './contract/image/facts.ts';
export type {ImageFacts} from './contract/image/facts.ts';
export {describeService} from './contract/image/service-under-test.ts';
export type {
  DescribeOptions,
  ServiceOptions,
  ServiceSettings,
  ServiceUnderTest,
} from './contract/image/service-under-test.ts';
export {reportFormats, reportText} from './contract/reports.ts';
export type {ReportFormat} from './contract/reports.ts';
export {requestedRules, skippedRules} from './contract/rules/index.ts';
export type {Finding, Rule, Severity, RuleStatus} from './contract/rules/rule.ts';

// ## Configuration: the variables that a service declares, and which keys of its files are configuration
export {
  checkConfiguration,
  declaredVariables,
  requireConfiguration,
  showConfiguration,
} from './config/service/index.ts';
export type {
  CheckConfigurationOptions,
  CheckTarget,
  ConfigOptions,
  ConfigResult,
  DeclaredNames,
  Difference,
  Format,
  Row,
} from './config/service/index.ts';
export {auditConfiguration} from './config/audit/index.ts';
export type {Audited, AuditOptions, AuditReport, KeyClass, KeyReport} from './config/audit/index.ts';
