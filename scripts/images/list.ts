/** An image of the project, and everything that its content depends on. */
export interface Image {
  /** `node`; with its tag, `node:24`, unless it is the usual one. */
  readonly name: string;
  /** Directory of its Dockerfile below images/. */
  readonly directory: string;
  readonly tag: string;
  /** Name of its base image; undefined: none of the project's. */
  readonly from: string | undefined;
  /** Globs of its input files, relative to the root of the repository. */
  readonly inputs: readonly string[];
  /** Build context, relative to the root of the repository. */
  readonly context: string;
  /** Build arguments: versions. */
  readonly args?: Readonly<Record<string, string>>;
  /** `linux/arm64`. Default: that of the engine. */
  readonly platform?: string;
}

const own = (name: string, tag: string): Image => ({
  name,
  directory: name,
  tag: `entrypoint/${name}:${tag}`,
  from: 'debian',
  inputs: [`images/${name}/*`],
  context: `images/${name}`,
});

/** The chain from `base` to `node-service` with an older Node, which services name in their Dockerfile. */
function withNode(major: string): readonly Image[] {
  const args = {node: major};
  const named = (name: string): Image => ({...own(name, major), name: `${name}:${major}`, args});
  return [
    {
      ...named('base'),
      inputs: ['images/base/*', `images/base/node-${major}/*`, '.dockerignore', 'package.json', 'dist/**/*'],
      context: '.',
      args: {...args, node_packages: `.images/node-${major}/node_modules`},
    },
    {
      ...named('node'),
      inputs: ['images/node/**/*'],
      from: `base:${major}`,
      context: `.images/node-image-${major}`,
    },
    {...named('node-service'), from: `node:${major}`},
  ];
}

/** `python` and `python-service`, for the version of Python that a release of Debian has. */
const withPython = (version: string, suffix: string): readonly Image[] => [
  {
    ...own('python', version),
    name: `python${suffix}`,
    args: {python: version},
    inputs: ['images/python/**/*', 'images/node/health-check', '.dockerignore'],
    from: 'base',
    context: '.',
  },
  {
    ...own('python-service', version),
    name: `python-service${suffix}`,
    args: {python: version},
    from: `python${suffix}`,
  },
];

/** Each image comes after its base image. */
export const images: readonly Image[] = [
  {...own('debian', 'trixie'), from: undefined, context: `.images/debian.${process.pid}`},
  {
    ...own('base', '26'),
    // The version of its package identifies Node: hashing 150 MB would take longer than all the rest.
    inputs: ['images/base/*', '.dockerignore', 'package.json', 'dist/**/*', 'node_modules/node-linux-*/package.json'],
    context: '.',
  },
  ...withNode('24'),
  {...own('builder', '26'), from: 'base'},
  {
    ...own('command', '26'),
    inputs: ['images/command/*', 'images/python/lib/**/*', 'images/node/health-check', 'images/base/start-as-webuser'],
    from: 'base',
    context: '.',
  },
  {...own('node', '26'), inputs: ['images/node/**/*'], from: 'base', context: '.images/node'},
  {...own('node-service', '26'), from: 'node'},
  ...withPython('3.13', ''),
  ...withPython('3.11', ':3.11'),
  // A preview, from Debian unstable.
  ...withPython('3.14', ':3.14'),
  own('postgres', '17'),
  own('haproxy', '3.0'),
  own('registry', '2.8'),
];

/** Platforms that Node's packages exist for, with npm's word for the processor. */
export const processors: Readonly<Record<string, string>> = {'linux/amd64': 'x64', 'linux/arm64': 'arm64'};

/** The same image for another platform than the engine's: with tags, base images and a prepared context of its own. */
export function forPlatform(image: Image, platform: string): Image {
  const word = platform.replaceAll('/', '-');
  const [suffix, directory] = [`-${word}`, `.images/${word}`];
  const {args = {}} = image;
  return {
    ...image,
    tag: `${image.tag}${suffix}`,
    context: image.context.replace(/^\.images\b/, directory),
    args: {
      ...args,
      suffix,
      ...(image.directory === 'base' ? {node_packages: `${directory}/node-${args['node'] ?? '26'}/node_modules`} : {}),
    },
    platform,
  };
}
