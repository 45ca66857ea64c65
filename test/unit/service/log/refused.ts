import assert from 'node:assert/strict';
import {isProblem} from '../../../../src/errors.ts';
import {parseDeployFile} from '../../../../src/service/deploy-file.ts';

/** What a deploy.yaml with this `log` is refused with, line by line; empty if it is not. */
export function refusedLog(log: readonly string[]): readonly string[] {
  try {
    parseDeployFile(['environments:', '  prod:', '    log:', ...log.map((line) => `      ${line}`)].join('\n'));
    return [];
  } catch (error) {
    if (!isProblem(error)) throw error;
    assert.deepEqual([error.code, error.exitCode], ['bad_deploy_file', 65]);
    return error.details;
  }
}
