import {accessSync, constants} from 'node:fs';

/** Whether this process can write in a directory: on a laptop it can, in an image, as webuser, it cannot. */
export function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
