// Builds the project's images: all of them, or the named ones and their base images.
//   node scripts/images/build.ts [--fresh] [NAME...]
// Prints one line for each. An image whose inputs have not changed is not built again; --fresh rebuilds it anyway,
// without the cache and with the newest packages.
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {dockerBuild, dockerImageInspect} from '../../src/commands/docker/index.ts';
import {isProblem, problemText, usageProblem} from '../../src/errors.ts';
import {certificateFile, type DockerClient, findDockerClient} from '../../src/image/docker.ts';
import {requireEngine} from '../../src/image/engine.ts';
import {makeEcho, type Runner, systemRunner} from '../../src/shell/index.ts';
import {inputsHash, inputsLabel} from './inputs.ts';
import {type Image, images} from './list.ts';
import {prepare} from './prepare.ts';

const root = join(import.meta.dirname, '../..');

interface Build {
  readonly run: Runner;
  readonly fresh: boolean;
  readonly client: () => Promise<DockerClient>;
}

const write = (text: string | Uint8Array): void => void process.stderr.write(text);

async function main(words: readonly string[]): Promise<void> {
  const {names, fresh} = readWords(words);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(signal));
  const echo = makeEcho({write, level: 'normal', colour: process.stderr.isTTY && !process.env['NO_COLOR']});
  const run = systemRunner({cwd: root, env: process.env, echo, signal: stop.signal, stdout: write, stderr: write});
  await requireEngine({run});
  let client: Promise<DockerClient> | undefined;
  await buildAll({run, fresh, client: () => (client ??= findDockerClient({run, env: process.env}))}, names);
}

function readWords(words: readonly string[]): {names: readonly string[]; fresh: boolean} {
  try {
    const {values, positionals} = parseArgs({
      args: [...words],
      options: {fresh: {type: 'boolean', default: false}},
      allowPositionals: true,
    });
    const unknown = positionals.filter((name) => !images.some((image) => image.name === name));
    if (unknown.length > 0)
      throw usageProblem(
        `there is no image ${unknown.join(', ')}`,
        `one of: ${images.map(({name}) => name).join(' ')}`,
      );
    return {names: positionals.length > 0 ? positionals : images.map(({name}) => name), fresh: values.fresh};
  } catch (error) {
    throw isProblem(error)
      ? error
      : usageProblem((error as Error).message, 'node scripts/images/build.ts [--fresh] [NAME...]');
  }
}

/** Builds images concurrently, each as soon as its base image exists. */
async function buildAll(build: Build, names: readonly string[]): Promise<void> {
  const ids = new Map<string, Promise<string>>();
  const imageId = (name: string): Promise<string> => {
    const known = ids.get(name);
    if (known !== undefined) return known;
    const image = images.find((one) => one.name === name) as Image;
    const id = (image.from === undefined ? Promise.resolve('') : imageId(image.from)).then((parent) =>
      bringUpToDate(build, image, parent),
    );
    ids.set(name, id);
    return id;
  };
  const ended = await Promise.allSettled(names.map(imageId));
  const failure = ended.find((one) => one.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

/** Builds an image if its inputs have changed; returns its id. */
async function bringUpToDate({run, fresh, client}: Build, image: Image, parentId: string): Promise<string> {
  const format = `{{.Id}} {{index .Config.Labels "${inputsLabel}"}} {{.Size}}`;
  const inspect = async (): Promise<string[]> =>
    (await run.read(dockerImageInspect(format, image.tag), {allow: [1]})).stdout.trim().split(' ');
  const hash = inputsHash(root, image, parentId);
  const [oldId = '', oldHash] = await inspect();
  const started = performance.now();
  const changed = fresh || oldId === '' || oldHash !== hash;
  if (changed) await make(run.prefixed(image.name), image, hash, await client(), fresh);
  const [id = '', , size = '0'] = await inspect();
  // The old image is untagged now. It stays while a container uses it.
  if (changed && oldId !== '' && oldId !== id) await run.read(['docker', 'image', 'rm', oldId], {allow: [1]});
  const how = changed ? `built in ${((performance.now() - started) / 1000).toFixed(1)} s` : 'unchanged';
  process.stdout.write(`${image.tag.padEnd(28)} ${(Number(size) / 1e6).toFixed(0).padStart(4)} MB  ${how}\n`);
  return id;
}

async function make(run: Runner, image: Image, hash: string, client: DockerClient, fresh: boolean): Promise<void> {
  const ca = certificateFile(process.env);
  await run.scope(async (scope) => {
    // Large, and quick to create again; the other contexts are small or part of the repository.
    if (image.from === undefined) scope.always(['rm', '-rf', image.context]);
    await prepare(run, root, image);
    await run(
      dockerBuild(
        {
          context: image.context,
          ...(image.context === '.' ? {file: `images/${image.directory}/Dockerfile`} : {}),
          tags: [image.tag],
          buildArgs: image.args ?? {},
          labels: {[inputsLabel]: hash},
          secretFiles: ca === undefined ? {} : {ca},
          noCache: fresh,
        },
        client,
      ),
      {
        purpose: `cannot build the image ${image.tag}`,
        fix: "see the builder's output above for the step that failed",
      },
    );
  });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!isProblem(error)) throw error;
  process.stderr.write(problemText(error));
  process.exitCode = error.exitCode;
}
