import {exitCode, problem, type Problem} from '../errors.ts';
import type {Command, Words} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import type {Serve} from './serve.ts';

/** The service's directory (`cwd`, absolute) and the environment variables to search for its programs (`env`). */
export type ServiceContext = Pick<Context, 'cwd' | 'env'>;

/** What a service's manifest (package.json, pyproject.toml) declares. */
export interface ServiceManifest {
  readonly name?: string | undefined;
  /** The module to serve: a file for Node, `package.module:variable` for Python. */
  readonly module?: string | undefined;
}

/** What a manifest says about the packages around its own. */
export interface WorkspacePackage {
  /** In the spelling by which others depend on it. */
  readonly name: string | undefined;
  /** Names of dependencies that can be members of a workspace. */
  readonly dependencies: readonly string[];
  /** Directories that it names as dependencies, such as `../shared`. */
  readonly paths: readonly string[];
  /** Files and directories below its own that an install reads besides manifests: archives, patches, copied packages. */
  readonly inputs?: readonly string[];
  /** The members of the workspace of which this directory is the root: globs, `!` in front of exclusions. */
  readonly members: readonly string[] | undefined;
}

/** Report files of one test suite. */
export interface Reports {
  /** JUnit XML, which CI systems read. */
  readonly junit: string;
  /** Line coverage in lcov format. */
  readonly coverage: string;
}

/** Everything the tasks need to know about the language of a service. Each directory next to this file has one. */
export interface Runtime {
  /** `node`, `python` */
  readonly name: string;
  /** Whether the directory holds a service of this language. Reads file names only: `run` calls it at every start. */
  readonly matches: (directory: string) => boolean;
  /** @throws Problem `bad_package_file` (exit code 65) when package.json is not valid JSON */
  readonly manifest: (directory: string) => ServiceManifest;
  /**
   * What the manifests of a directory say about the packages around it; undefined if it has none.
   * @throws Problem `bad_package_file` (exit code 65)
   */
  readonly workspacePackage: (directory: string) => Promise<WorkspacePackage | undefined>;
  /** A whole Dockerfile for the service in a directory: `FROM entrypoint/node-service:26`. */
  readonly dockerfile: (directory: string) => string;
  /** How to install packages that a task needs: the text after `fix: `. */
  readonly installFix: (directory: string, packages: readonly string[]) => string;
  /** Packages to suggest where `checks` finds no linter and no type checker. */
  readonly checkPackages: readonly string[];
  /**
   * Commands that lint and type-check the source, with the service's own configuration; empty if no tool is installed.
   * @throws Problem `nothing_to_check` (exit code 69) when there is no source
   */
  readonly checks: (context: ServiceContext) => readonly Words[];
  /**
   * The command that runs the tests below `suite`, such as `test/unit`. `context.rest` goes to the test runner.
   * @throws Problem `no_tests` (exit code 69) when there are none: a missing suite must not pass
   */
  readonly tests: (context: ServiceContext & Pick<Context, 'rest'>, suite: string, reports?: Reports) => Command;
  /** The server that the task `run` becomes. */
  readonly serve: Serve;
}

/**
 * A suite without tests. `pattern` is what the runtime's test files are called, such as `*.test.ts`; `others` are suites that
 * only their own programs run.
 */
export const noTests = (suite: string, pattern: string, others: readonly string[] = []): Problem =>
  problem({
    code: 'no_tests',
    what:
      others.length === 0
        ? `no tests in ${suite}`
        : `no tests in ${suite}; ${others.join(' and ')} ${others.length === 1 ? 'is' : 'are'} left to a task of tasks.ts`,
    fix: `add files named ${pattern} below ${suite}, or leave the task out of tasks.ts`,
    exitCode: exitCode.unavailable,
  });
