import {option} from '../../option.ts';
import {task} from '../../task.ts';
import type {Promoted} from '../work/promote.ts';

/** Moves a stage's tag to a digest inside the registry: the same bytes, never rebuilt, never pulled. */
export const promote = task(
  'Move a stage (dev, rc, prod) to a published image',
  {
    to: option.string('stage to promote to: dev, rc, prod, ...', {required: true, valueName: 'STAGE'}),
    from: option.string('stage, tag or digest to promote', {
      defaultText: 'the tag published for this commit',
      valueName: 'IMAGE',
    }),
  },
  async (context, values): Promise<Promoted> => (await import('../work/promote.ts')).promoteImage(context, values),
);
