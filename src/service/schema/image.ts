import * as v from 'valibot';
import {described, host, section, string, strings, variableName} from './values.ts';

// The sections of deploy.yaml about the image's build.

const includedPath = v.pipe(
  string,
  v.regex(/^(?![/:-])(?!(?:.*\/)?\.\.(?:\/|$)).+$/, "must be a path in the service's directory, such as src/generated"),
);
const nearPath = v.pipe(
  string,
  v.regex(/^(?![/:-]).+$/, "must be a path relative to the service's directory, such as ../../shared"),
);
const stageName = v.pipe(
  string,
  v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, 'must be the name of a stage in the Dockerfile'),
);
const builtPlatform = v.pipe(
  v.string(),
  v.regex(/^linux\/[a-z0-9]+(?:\/v[0-9])?$/, 'must be a platform, such as linux/arm64'),
);
const builder = v.pipe(
  host,
  v.regex(/^(?!local$)/, 'must be an ssh destination: a machine that builds needs no name if it is this one'),
);
/** `build` of deploy.yaml. */
export const buildFiles = described(
  section({
    include: v.optional(
      described(
        v.array(includedPath, 'must be a list of paths'),
        'Files and directories that git ignores and the image needs, such as generated code.',
      ),
      [],
    ),
  }),
  'The image: by default, the files of the commit.',
);

/** `image` of deploy.yaml. */
export const imageBuild = described(
  section({
    dockerfile: v.optional(described(nearPath, 'The Dockerfile.'), 'Dockerfile'),
    context: v.optional(
      described(nearPath, "The build's context, all of it. Default: what the service needs of its workspace."),
    ),
    paths: v.optional(
      described(
        v.array(nearPath, 'must be a list of paths'),
        'Further files and directories of the repository that the image contains, such as ../../proto.',
      ),
      [],
    ),
    args: v.optional(
      strings(
        variableName,
        'must be a map of build arguments to values',
        'Build arguments. No secrets: every layer shows them.',
      ),
      {},
    ),
    builders: v.optional(
      described(
        v.record(builtPlatform, builder, 'must be a map of platforms to ssh destinations'),
        'Machines whose engine `build --platform` uses for a platform. Default: this engine, by emulation.',
      ),
      {},
    ),
    target: v.optional(described(stageName, 'Stage of the Dockerfile to build. Default: the last one.')),
  }),
  'How the image is built. Default: the Dockerfile of the directory.',
);
