/**
 * Digests and long ids by their first twelve digits, as docker prints them.
 * @param mark for what is left out
 * @example
 * shortIds(`shop@sha256:${'0123456789abcdef'.repeat(4)}`); // shop@sha256:0123456789ab
 */
export const shortIds = (text: string, mark = ''): string =>
  text.replaceAll(/\b([0-9a-f]{12})[0-9a-f]{28,}\b/g, `$1${mark}`);
