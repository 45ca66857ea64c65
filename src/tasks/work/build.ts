import {existsSync, readFileSync, statSync} from 'node:fs';
import {basename, dirname, join, relative, resolve} from 'node:path';
import {buildSteps, dockerBuild, dockerImageInspect} from '../../commands/docker/index.ts';
import {onEngine} from '../../commands/engine.ts';
import {exitCode, isProblem, problem, usageProblem} from '../../errors.ts';
import {explainBuild} from '../../image/build-failure.ts';
import {buildSecrets} from '../../image/build-secrets.ts';
import {withBuildContext} from '../../image/context.ts';
import {findDockerClient} from '../../image/docker.ts';
import {requireEngine} from '../../image/engine.ts';
import {contentLabel} from '../../image/find.ts';
import {type PlatformBuild, platformBuilds, platformsLabel, readPlatforms} from '../../image/platforms.ts';
import {readSource} from '../../image/source.ts';
import {readVersion} from '../../image/version.ts';
import {runtimeOf} from '../../runtimes/index.ts';
import {readServiceName} from '../../service/service.ts';
import {titled} from '../../shell/argv.ts';
import type {RunOptions} from '../../shell/index.ts';
import type {Context} from '../../task.ts';
import {resultText} from '../../text/result.ts';

/** The result of `build`. */
export interface Built {
  /** `buy-service:0123456789ab` */
  readonly image: string;
  /** The image's id on this engine: `sha256:...`; empty in a dry run. */
  readonly digest: string;
  /** Bytes, unpacked; 0 in a dry run. */
  readonly size: number;
  readonly commit: string;
}

/** Values of the task `build`. */
export interface BuildValues {
  readonly tag: string | undefined;
  readonly ca: string | undefined;
  readonly secret: readonly string[];
  readonly platform: readonly string[];
  readonly cache: boolean;
}

/** Builds the image for each platform. */
export async function buildImages(context: Context, {tag, ca, secret, platform, cache}: BuildValues): Promise<Built> {
  const {run, cwd, note} = context;
  const platforms = readPlatforms(platform);
  const source = await readSource(cwd);
  const {dockerfile, directory: serviceDirectory} = source;
  if (!existsSync(join(source.root, dockerfile))) {
    const path = relative(cwd, join(source.root, dockerfile));
    throw problem({
      code: 'no_dockerfile',
      what: path === 'Dockerfile' ? `no Dockerfile in ${cwd}` : `no ${path} (\`image\` in deploy.yaml)`,
      fix: `echo '${runtimeOf(cwd).dockerfile(cwd)}' > ${path}`,
      exitCode: exitCode.badData,
    });
  }
  const secretFiles = {...(ca === undefined ? {} : {ca}), ...secretsOf(secret)};
  requireFiles(cwd, secretFiles);
  const [client, version, name] = await Promise.all([
    platforms.length === 0 ? findDockerClient(context) : undefined,
    readVersion(context, source),
    readServiceName(context),
  ]);
  if (version.dirtyFiles > 0) {
    note(
      `${version.dirtyFiles} file${version.dirtyFiles === 1 ? '' : 's'} differ${version.dirtyFiles === 1 ? 's' : ''} from the commit: the image is labelled ${version.tag}, and publish will refuse it`,
    );
  }
  if (version.from === 'content') note(contentNote(cwd, version.tag));
  const image = `${name}:${tag ?? version.tag}`;
  const buildArgs = {
    ...source.args,
    ...(serviceDirectory === '' ? {} : {service_directory: serviceDirectory}),
    service_name: name,
    git_commit_hash: version.commit,
  };
  const builds: readonly PlatformBuild[] =
    client === undefined
      ? await platformBuilds(context, image, platforms, source.builders)
      : [{platform: undefined, tags: [image], host: undefined, client}];
  const built = withBuildContext(context, {version, source}, async (directory, {contentHash}) => {
    requireDockerfile(directory, dockerfile);
    for (const one of builds) {
      const command = dockerBuild(
        {
          context: directory,
          file: dockerfile === 'Dockerfile' ? undefined : join(directory, dockerfile),
          target: source.target,
          platform: one.platform,
          tags: one.tags,
          buildArgs,
          // Also set as labels, since the service's own Dockerfile need not declare the arguments.
          labels: {
            'entrypoint.service_name': buildArgs.service_name,
            'entrypoint.git_commit_hash': buildArgs.git_commit_hash,
            ...(contentHash === '' ? {} : {[contentLabel]: contentHash}),
            ...(one.platform === undefined ? {} : {[platformsLabel]: platforms.join(',')}),
          },
          ...buildSecrets(context),
          secretFiles,
          noCache: !cache,
        },
        one.client,
      );
      const options: RunOptions = {
        purpose: `cannot build the image ${one.tags[0]}`,
        fix: 'see the failed step in the last lines of the builder above',
        // Without folding, the builder draws its progress on a terminal.
        watch: !process.stderr.isTTY,
        fold: buildSteps,
      };
      await run.step(`build the image ${one.tags[0]}`, (inner) => inner(command, options), one.host);
    }
  });
  // Only after a failure: asking before each build would slow all of them.
  await built.catch(async (error: unknown) => {
    const explained = explainBuild(error);
    if (isProblem(explained) && explained.exitCode !== exitCode.badData) await requireEngine(context);
    throw explained;
  });
  const made: Awaited<ReturnType<typeof describe>>[] = [];
  for (const one of builds) made.push(await describe(context, one, one === builds.at(-1)));
  const usual = made.find(({tags, host}) => host === undefined && tags.includes(image)) ?? made[0];
  return {image, digest: usual?.digest ?? '', size: usual?.size ?? 0, commit: version.commit};
}

/** What was built, as its engine has it; also printed, with what can follow if it is the last one. */
async function describe(
  {run, say}: Pick<Context, 'run' | 'say'>,
  one: PlatformBuild,
  isLast: boolean,
): Promise<PlatformBuild & Pick<Built, 'digest' | 'size'>> {
  const {tags, host} = one;
  const [image = ''] = tags;
  const inspect = titled(dockerImageInspect('{{.Id}} {{.Size}}', image), 'read the digest of the image');
  const {stdout} = await run(onEngine(inspect, host), {capture: true});
  const [digest = '', size = '0'] = stdout.trim().split(' ');
  const place = host === undefined ? '' : `  on ${host}`;
  const megabytes = `${(Number(size) / 1e6).toFixed(1)} MB`;
  if (digest !== '')
    say(`${image}  ${digest}  ${megabytes}${place}`, (screen) =>
      resultText(
        `built ${image}, ${megabytes}${host === undefined ? '' : `, on ${host}`}`,
        [['digest', [digest]]],
        isLast && screen.isLast ? ['entrypoint deploy', 'entrypoint publish'] : [],
      ),
    );
  return {...one, digest, size: Number(size)};
}

/** Why the tag is no commit. A worktree, or a submodule, names a repository that is somewhere else. */
function contentNote(cwd: string, tag: string): string {
  const broken = repositoryElsewhere(cwd);
  return broken === undefined
    ? `${cwd} is not in a git repository: ${tag} is a hash of its files`
    : `the repository of this worktree, ${broken}, is not here (in a container: mount it at the same path, too): ${tag} is a hash of the files`;
}

function repositoryElsewhere(directory: string): string | undefined {
  const file = join(directory, '.git');
  if (existsSync(file))
    return statSync(file).isFile() ? /^gitdir: (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  return dirname(directory) === directory ? undefined : repositoryElsewhere(dirname(directory));
}

/** After the export of the commit's files, which a dry run leaves out. */
function requireDockerfile(directory: string, dockerfile: string): void {
  if (!existsSync(directory) || existsSync(join(directory, dockerfile))) return;
  throw problem({
    code: 'no_dockerfile',
    what: `${dockerfile === 'Dockerfile' ? 'the Dockerfile' : dockerfile} is not part of the commit: git ignores it`,
    fix: `remove the line from .gitignore that matches it (git check-ignore -v ${basename(dockerfile)}), and commit the file`,
    exitCode: exitCode.badData,
  });
}

function secretsOf(words: readonly string[]): Record<string, string> {
  const wrong = words.filter((word) => !/^[\w.-]+=./.test(word));
  if (wrong.length > 0)
    throw usageProblem(`--secret=${wrong.join(', --secret=')} is not ID=FILE`, '--secret=npmrc=$HOME/.npmrc');
  return Object.fromEntries(words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
}

function requireFiles(cwd: string, files: Readonly<Record<string, string>>): void {
  const missing = Object.entries(files).filter(([, file]) => !existsSync(resolve(cwd, file)));
  if (missing.length === 0) return;
  throw problem({
    code: 'no_secret_file',
    what: `missing ${missing.length === 1 ? 'file' : 'files'} for the build`,
    details: missing.map(([id, file]) => `${id}: ${file}`),
    fix: 'correct --secret or --ca, or unset the variable that names it (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE)',
    exitCode: exitCode.badData,
  });
}
