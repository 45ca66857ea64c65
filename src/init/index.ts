import type {Context} from '../task.ts';
import type {Initialized, InitOptions} from './adopt.ts';
import type {Undone} from './record.ts';

export type {Initialized, InitOptions} from './adopt.ts';

// The rest is loaded here: no other task needs it.

/**
 * Looks at the service in the context's directory and writes the files with which it is built and deployed, without
 * touching one that is there.
 * @throws Problem `no_service`, `no_server_module`, `framework_missing`, `bad_import_file` (exit code 65) or `init_failed`
 * @example
 * const {files, undecided} = await initService(context, {from: 'compose.yaml'});
 */
export async function initService(context: Context, options: InitOptions = {}): Promise<Initialized> {
  const {adopt} = await import('./adopt.ts');
  return adopt(context, options);
}

/**
 * Takes back what `init` wrote in the context's directory. Files that were edited since are left, and named.
 * @throws Problem `nothing_to_undo` (exit code 65)
 * @example
 * const {removed, edited} = await undoInit(context);
 */
export async function undoInit(context: Context): Promise<Undone> {
  const {takeBack} = await import('./adopt.ts');
  return takeBack(context);
}
