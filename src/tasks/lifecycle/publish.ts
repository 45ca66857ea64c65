import {dockerTag} from '../../commands/docker/index.ts';
import {problem} from '../../errors.ts';
import {requireEngine} from '../../image/engine.ts';
import {builtImageName, findImage} from '../../image/find.ts';
import {pushImage} from '../../image/transfer.ts';
import {option} from '../../option.ts';
import {type Repository, repositoryText} from '../../registry/client.ts';
import {readService, requireRegistry} from '../../service/service.ts';
import {task} from '../../task.ts';
import {resultText} from '../../text/result.ts';

/** The result of `publish`. */
export interface Published {
  /** `127.0.0.1:5000/buy-service:0123456789ab` */
  readonly image: string;
  /** Its digest in the registry: `sha256:...`; empty in a dry run. */
  readonly digest: string;
}

export const publish = task(
  'Push the built image to the registry',
  {
    tag: option.string('tag of the image', {
      defaultText: 'the first 12 characters of the commit',
      valueName: 'TAG',
    }),
    allowDirty: option.boolean('publish an image that was built from uncommitted changes'),
  },
  async (context, {tag, allowDirty}): Promise<Published> => {
    const {run, say} = context;
    const service = await readService(context);
    const repository: Repository = {registry: requireRegistry(service), name: service.name};
    await requireEngine(context);
    const local = await builtImageName(context, service, {tag});
    const {reference, commit} = await findImage(context, local);
    if ((commit.endsWith('-dirty') || local.endsWith('-dirty')) && !allowDirty) {
      throw problem({
        code: 'dirty_tree',
        what: `${local} was built from uncommitted changes and cannot be reproduced`,
        fix: 'commit, build and publish; or pass --allow-dirty',
      });
    }
    const image = `${repositoryText(repository)}:${local.split(':').at(-1)}`;
    await run(dockerTag(reference, image), {capture: true});
    const digest = await pushImage(context, repository, image);
    if (digest !== '')
      say(`${image}  ${digest}`, () =>
        resultText(`published ${image}`, [
          ['digest', [digest]],
          ['next', ['entrypoint promote --to=STAGE', 'entrypoint deploy ENVIRONMENT']],
        ]),
      );
    return {image, digest};
  },
);
