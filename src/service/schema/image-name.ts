// The names of images, by the grammar that docker follows. @see https://pkg.go.dev/github.com/distribution/reference

const hostPart = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const registryHost = `(?:${hostPart}(?:\\.${hostPart})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]{1,5})?`;
const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '[A-Za-z][A-Za-z0-9]*(?:[_+.-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

/** A name with or without a registry, a tag and a digest; or the id of an image. */
export const imagePattern = new RegExp(
  `^(?:(?:${registryHost}/)?${part}(?:/${part})*(?::${tag})?(?:@${digest})?|sha256:[0-9a-f]{64})$`,
);

/** How to get an image that is not there, if it is one that this project builds and no registry has; else undefined. */
export const ownImageFix = (image: string): string | undefined =>
  image.startsWith('entrypoint/')
    ? `build ${image} (npm run images, in the repository of entrypoint); hosts pull it from a registry, whose name belongs in front of it in deploy.yaml`
    : undefined;
