import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {dockerBuild, dockerImageInspect} from '../commands/docker.ts';
import {readService} from '../config/service.ts';
import {readVersion} from '../config/version.ts';
import {findDockerClient, requireEngine} from '../docker-client.ts';
import {exitCode, problem} from '../errors.ts';
import {option} from '../option.ts';
import {task} from '../task.ts';

export interface Built {
  /** `buy-service:0123456789ab` */
  readonly image: string;
  /** The image's id on this engine: `sha256:...`; empty in a dry run. */
  readonly digest: string;
  /** Bytes, unpacked; 0 in a dry run. */
  readonly size: number;
  readonly commit: string;
}

export const build = task('Build the one image of the service', {
  tag: option.string(undefined, 'tag of the image; default: the first 12 characters of the commit'),
  ca: option.string(undefined, 'file with CA certificates for downloads in the build; no layer keeps it', {env: ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE']}),
  cache: option.boolean(true, 'use what earlier builds left'),
}, async (context, {tag, ca, cache}): Promise<Built> => {
  const {run, cwd, note, say} = context;
  if (!existsSync(join(cwd, 'Dockerfile'))) {
    throw problem({
      code: 'no_dockerfile',
      what: `there is no Dockerfile in ${cwd}, and the image is built from it`,
      fix: "echo 'FROM entrypoint/node-service:26' > Dockerfile",
      exitCode: exitCode.badData,
    });
  }
  if (ca !== undefined && !existsSync(ca)) {
    throw problem({code: 'no_ca_file', what: `the file of CA certificates ${ca} does not exist, and the build reads it`, fix: 'correct --ca, or unset the variable that names it', exitCode: exitCode.badData});
  }
  const [client, version, service] = await Promise.all([findDockerClient(context), readVersion(context), readService(context)]);
  if (version.dirtyFiles > 0) {
    note(`${version.dirtyFiles} file${version.dirtyFiles === 1 ? '' : 's'} differ${version.dirtyFiles === 1 ? 's' : ''} from the commit: the image is labelled ${version.tag}, and publish will refuse it`);
  }
  const image = `${service.name}:${tag ?? version.tag}`;
  const facts = {service_name: service.name, git_commit_hash: version.commit};
  const built = run(dockerBuild({
    context: '.',
    tags: [image],
    buildArgs: facts,
    // As labels too: a Dockerfile of one's own may not declare the arguments.
    labels: {'entrypoint.service_name': facts.service_name, 'entrypoint.git_commit_hash': facts.git_commit_hash},
    secretFiles: ca === undefined ? {} : {ca},
    noCache: !cache,
  }, client), {purpose: `the image ${image} could not be built`, fix: 'the builder\'s last lines above tell the step that failed'});
  // Asked only now: a question before each build would cost more than it tells.
  await built.catch(async (error: unknown) => {
    await requireEngine(run);
    throw error;
  });
  const {stdout} = await run(dockerImageInspect(image, '{{.Id}} {{.Size}}'), {capture: true});
  const [digest = '', size = '0'] = stdout.trim().split(' ');
  if (digest !== '') say(`${image}  ${digest}  ${(Number(size) / 1e6).toFixed(1)} MB`);
  return {image, digest, size: Number(size), commit: version.commit};
});
