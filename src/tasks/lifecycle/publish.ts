import {dockerImageInspect, dockerPush, dockerTag} from '../../commands/docker/index.ts';
import {problem} from '../../errors.ts';
import {requireEngine} from '../../image/engine.ts';
import {builtImageName, findImage} from '../../image/find.ts';
import {option} from '../../option.ts';
import {repositoryText} from '../../registry/client.ts';
import {readService, requireRegistry} from '../../service/service.ts';
import {task} from '../../task.ts';

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
    const repository = repositoryText({registry: requireRegistry(service), name: service.name});
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
    const image = `${repository}:${local.split(':').at(-1)}`;
    await run(dockerTag(reference, image), {capture: true});
    await run(dockerPush(image), {
      capture: true,
      retry: true,
      purpose: `cannot push the image to ${service.registry}`,
      fix: 'start the registry, or correct `registry` in deploy.yaml or ENTRYPOINT_REGISTRY; if it requires a login: docker login',
    });
    const {stdout} = await run(dockerImageInspect('{{range .RepoDigests}}{{println .}}{{end}}', image), {
      capture: true,
    });
    const digest =
      stdout
        .split('\n')
        .find((line) => line.startsWith(`${repository}@`))
        ?.split('@')[1] ?? '';
    if (digest !== '') say(`${image}  ${digest}`);
    return {image, digest};
  },
);
