import {exitCode, problem, type Problem} from '../errors.ts';

/** A suite without tests. `pattern` is what the runtime's test files are called, such as `*.test.ts`. */
export const noTests = (suite: string, pattern: string): Problem =>
  problem({
    code: 'no_tests',
    what: `no tests in ${suite}`,
    fix: `add files named ${pattern} below ${suite}, or leave the task out of tasks.ts`,
    exitCode: exitCode.unavailable,
  });
