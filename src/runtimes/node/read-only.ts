import {existsSync} from 'node:fs';
import {basename, join, relative} from 'node:path';
import {quote, type Words} from '../../shell/argv.ts';
import {readText} from '../../text/file.ts';
import {upwards} from './package-manager.ts';

// In an image, nothing can be written beside the code: what tools keep there is kept elsewhere, or not at all. What is kept in
// node_modules is in /tmp there: images/node.

/** Where coverage is measured. */
export const coverage = '/tmp/coverage';

/** The command line of a checker without what it would write beside the code. */
export function checkInImage(directory: string, [program = '', ...words]: Words): Words {
  const kept = withoutCache(words);
  if (!['tsc', 'vue-tsc'].includes(basename(program))) return [program, ...kept];
  if (kept.some((word) => word === '--build' || word === '-b')) return inCopy(directory, [program, ...kept]);
  return isIncremental(directory, kept)
    ? [program, ...kept, '--incremental', '--tsBuildInfoFile', '/dev/null']
    : [program, ...kept];
}

function withoutCache(words: Words): Words {
  return words.filter(
    (word, at) => !word.startsWith('--cache') && !/^--cache-(?:location|strategy|file)$/.test(words[at - 1] ?? ''),
  );
}

/** Whether a check of types keeps notes, by the configuration that it reads. */
function isIncremental(directory: string, words: Words): boolean {
  const at = words.findIndex((word) => word === '-p' || word === '--project');
  const named = join(directory, at === -1 ? 'tsconfig.json' : (words[at + 1] ?? ''));
  const file = existsSync(join(named, 'tsconfig.json')) ? join(named, 'tsconfig.json') : named;
  return /"(?:incremental|composite|extends)"/.test(readText(file) ?? '');
}

/**
 * A build of several projects writes notes beside each, and no option says where: it gets a copy of the code, with the
 * dependencies as they are.
 */
function inCopy(directory: string, words: Words): Words {
  const root = upwards(directory).findLast((one) => existsSync(join(one, 'package.json'))) ?? directory;
  const from = quote(root);
  const script = [
    'to=$(mktemp -d)',
    `trap 'rm -rf "$to"' EXIT`,
    `tar -C ${from} --exclude=node_modules --exclude=.git --mode=u+rwX -cf - . | tar -C "$to" -xf -`,
    `(cd ${from} && find . -name node_modules -prune) | while read -r one; do ln -s ${from}/"$one" "$to/$one"; done`,
    `cd "$to"/${quote(relative(root, directory))}`,
    '"$@"',
  ];
  return ['sh', '-c', script.join('\n'), 'types', ...words];
}

/** A script whose coverage tools would measure beside the code. */
export const scriptInImage = (script: string): string =>
  script
    .replaceAll(/(?<=^|&& |; |\w=\S+ |npx )c8(?= )/g, `c8 --temp-directory=${coverage}/tmp --reports-dir=${coverage}`)
    .replaceAll(/(?<=^|&& |; |\w=\S+ |npx )nyc(?= |$)/g, `nyc --temp-dir=${coverage}/tmp --report-dir=${coverage}`);
