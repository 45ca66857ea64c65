import {matchesGlob} from 'node:path';

// @see https://docs.docker.com/build/concepts/context/#dockerignore-files

/** The patterns of a .dockerignore, in its order, relative to the context: `!` in front of exceptions. */
export function ignorePatterns(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, not = '', rest = ''] = /^(!?)\s*(.*)$/.exec(line) ?? [];
      return not + (rest.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, '') || '.');
    });
}

/** The same patterns for a context in which the file's directory has this path. */
export const ignorePatternsBelow = (directory: string, patterns: readonly string[]): readonly string[] =>
  patterns.map((pattern) =>
    pattern.startsWith('!') ? `!${directory}/${pattern.slice(1)}` : `${directory}/${pattern}`,
  );

/**
 * The pathspecs by which git leaves out what docker ignores, which is in no image. None where the file has exceptions: git
 * has no such thing, and a version that changes too often is the lesser evil.
 * @param kept files that docker reads although they are ignored, such as the Dockerfile
 */
export function ignoredPathspecs(patterns: readonly string[], kept: readonly string[]): readonly string[] {
  if (patterns.some((pattern) => pattern.startsWith('!'))) return [];
  return patterns.flatMap((pattern) => {
    const isBeyond = pattern === '.' || /\\|(?:^|\/)\.\.(?:\/|$)/.test(pattern);
    const isKept = kept.some((file) => file.startsWith(`${pattern}/`) || matchesGlob(file, pattern));
    return isBeyond || isKept ? [] : [`:(exclude,glob)${pattern}`, `:(exclude,glob)${pattern}/**`];
  });
}
