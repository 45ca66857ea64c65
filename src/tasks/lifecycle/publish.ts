import {option} from '../../option.ts';
import {task} from '../../task.ts';
import type {Published} from '../work/publish.ts';

export const publish = task(
  'Push the built image to the registry',
  {
    tag: option.string('tag of the image', {
      defaultText: 'the first 12 characters of the commit',
      valueName: 'TAG',
    }),
    platform: option.list('platforms of the image, as in build: one index for all', {
      defaultText: 'the one image on this engine',
      valueName: 'PLATFORM',
    }),
    allowDirty: option.boolean('publish an image that was built from uncommitted changes'),
  },
  async (context, values): Promise<Published> => (await import('../work/publish.ts')).publishImage(context, values),
);
