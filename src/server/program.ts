import {existsSync} from 'node:fs';
import {join} from 'node:path';

/** The file that Node runs to serve: beside the bundle, or the source itself. */
export function serverProgram(): string {
  const bundled = join(import.meta.dirname, 'serve.js');
  return existsSync(bundled) ? bundled : join(import.meta.dirname, 'serve.ts');
}
