import {join} from 'node:path';
import {readText} from '../../text/file.ts';
import {readPackage} from './package.ts';

/**
 * The tag of entrypoint/node-service to propose: 24 where the repository asks for it, else 26. The build itself knows
 * every place and every range, and refuses an image that does not match.
 */
export function nodeMajor(directory: string): 24 | 26 {
  const files = ['.nvmrc', '.node-version'].map((name) => readText(join(directory, name)));
  const engine = readPackage(directory)?.engines?.['node'];
  const asked = [...files, engine].some(
    (text) => text !== undefined && /^\s*(?:[v=^~]*24(?:\.|\s*$)|lts\/krypton\b|.*<=?\s*2[56](?:\.|\s*$))/m.test(text),
  );
  return asked ? 24 : 26;
}
