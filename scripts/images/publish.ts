// Publishes the project's images, all of them or the named ones, which build.ts has built.
//   node scripts/images/publish.ts [--platform=PLATFORM,PLATFORM] REGISTRY [NAME...]
// Prints a line with the digest of each. For several platforms, the digest is that of an index.
import {dockerTag} from '../../src/commands/docker/index.ts';
import {usageProblem} from '../../src/errors.ts';
import {requireEngine} from '../../src/image/engine.ts';
import {pushImage, pushImages} from '../../src/image/transfer.ts';
import {forPlatform, type Image} from './list.ts';
import {namedImages, program, readWords, scriptContext} from './program.ts';

const usage = 'node scripts/images/publish.ts [--platform=PLATFORM,PLATFORM] REGISTRY [NAME...]';

await program(async () => {
  const {words, platforms} = readWords(process.argv.slice(2), usage);
  const [registry, ...names] = words;
  if (registry === undefined) throw usageProblem('no registry is named', usage);
  const context = scriptContext();
  const own = await requireEngine(context);
  const publish = async (image: Image): Promise<string> => {
    const parts = (platforms.length === 0 ? [own] : platforms).map((platform) => ({
      platform,
      local: platform === own ? image.tag : forPlatform(image, platform).tag,
      // In the registry, the name alone is the index's.
      image: `${registry}/${platforms.length < 2 ? image.tag : forPlatform(image, platform).tag}`,
      host: undefined,
    }));
    for (const part of parts) await context.run(dockerTag(part.local, part.image));
    const repository = {registry, name: image.tag.split(':')[0] ?? ''};
    const [first] = parts;
    return parts.length > 1 || first === undefined
      ? pushImages(context, repository, `${registry}/${image.tag}`, parts)
      : pushImage(context, repository, first.image);
  };
  for (const image of namedImages(names)) process.stdout.write(`${registry}/${image.tag}  ${await publish(image)}\n`);
});
