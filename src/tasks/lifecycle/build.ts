import {option} from '../../option.ts';
import {task} from '../../task.ts';
import type {Built} from '../work/build.ts';

export const build = task(
  'Build the one image of the service',
  {
    tag: option.string('tag of the image', {
      defaultText: 'the first 12 characters of the commit',
      valueName: 'TAG',
    }),
    ca: option.string('file of CA certificates for downloads during the build; stored in no layer', {
      env: ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'],
      valueName: 'FILE',
    }),
    secret: option.list('build secret: a file, stored in no layer, with its ID, such as npmrc, pip_conf or netrc', {
      valueName: 'ID=FILE',
    }),
    platform: option.list('platforms to build for: linux/amd64,linux/arm64; publish with the same', {
      defaultText: 'that of the engine',
      valueName: 'PLATFORM',
    }),
    cache: option.boolean('use the cache of earlier builds', {default: true}),
  },
  async (context, values): Promise<Built> => (await import('../work/build.ts')).buildImages(context, values),
);
