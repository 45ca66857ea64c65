import {usageProblem} from '../../errors.ts';
import {type Initialized, initService, undoInit} from '../../init/index.ts';
import type {Undone} from '../../init/record.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

/** Looks at a directory and writes the Dockerfile and the settings that its service needs. */
export const init = task(
  'Write the files with which the service of this directory is built and deployed',
  {
    from: option.string('file to take settings from: compose.yaml, Procfile, app.json, or a deploy.yml of Kamal', {
      valueName: 'FILE',
    }),
    ci: option.choice('also write a workflow that builds, checks and publishes the image', {
      choices: ['github', 'gitlab'],
    }),
    undo: option.boolean('take back what init wrote'),
  },
  async (context, {from, ci, undo}): Promise<Initialized | Undone> => {
    if (undo && (from !== undefined || ci !== undefined))
      throw usageProblem('--undo takes back everything that init wrote', 'pass it alone: entrypoint init --undo');
    return undo ? undoInit(context) : initService(context, {from, ci});
  },
);
