import {parseDeployFile} from '../../../../src/service/deploy-file.ts';
import type {DeployFile} from '../../../../src/service/schema/schema.ts';

/** A deploy.yaml with all defaults. */
export type DeployFileInput = DeployFile;

/** Fails with every line that is wrong. */
export function parse(text: string): DeployFileInput {
  try {
    return parseDeployFile(text);
  } catch (error) {
    throw new Error(`${text}\n${(error as {details?: readonly string[]}).details?.join('\n')}`, {cause: error});
  }
}
