import {deployFileText} from '../../../../src/init/files.ts';
import type {Imported} from '../../../../src/init/from/imported.ts';
import {parseDeployFile} from '../../../../src/service/deploy-file.ts';
import type {DeployFile} from '../../../../src/service/schema/schema.ts';

/** The deploy.yaml that takes what another tool's file says. Fails with every line that is wrong. */
export function written(imported: Imported): DeployFile {
  const text = deployFileText(imported) ?? '';
  try {
    return parseDeployFile(text);
  } catch (error) {
    throw new Error(`${text}\n${(error as {details?: readonly string[]}).details?.join('\n')}`, {cause: error});
  }
}
