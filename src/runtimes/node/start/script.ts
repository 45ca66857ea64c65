import {splitWords, type Words} from '../../../shell/argv.ts';

/** What a command line that starts a service says. */
export type Script =
  | {
      readonly kind: 'start';
      /** A file, as it is written; undefined if a program serves. */
      readonly file?: string;
      /** The program of a package that serves: `next`, `fastify`. */
      readonly program?: string;
      /** Words for the service or the program. */
      readonly args: Words;
      /** Variables that it sets. */
      readonly env: Readonly<Record<string, string>>;
      /** Options of Node: `--import ./tracing.js`. */
      readonly nodeOptions: Words;
    }
  /** A server for development, such as `next dev`, which says nothing about production. */
  | {readonly kind: 'development'}
  /** The command itself: `entrypoint run`. */
  | {readonly kind: 'own'}
  /** More than one program, or something that starts others. */
  | {readonly kind: 'other'};

const development = {kind: 'development'} as const;
const other = {kind: 'other'} as const;

/** Programs that start other programs, watch files, or only build. */
const starters =
  /^(?:concurrently|npm-run-all2?|run-[sp]|pm2(?:-runtime|-docker)?|forever|turbo|nx|lerna|wireit|docker|docker-compose|sh|bash|make|start-server-and-test|wait-on|serve|http-server|electron|expo|ng|react-scripts|storybook)$/;
const watchers = /^(?:nodemon|ts-node-dev|tsnd|tsc-watch|node-dev|vite-node|vite|wrangler)$/;
const runners: Readonly<Record<string, readonly string[]>> = {tsx: ['--import', 'tsx'], bun: []};
/** Options of Node with a value in the next word. */
const withValue =
  /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file|--env-file-if-exists|--title)$/;
const developmentWords: Readonly<Record<string, RegExp>> = {
  next: /^(?!start$)/,
  nuxt: /^(?!start$)/,
  nuxi: /^(?!start$)/,
  astro: /^/,
  remix: /^/,
  'react-router': /^/,
  'svelte-kit': /^/,
  fastify: /^(?!start$)/,
  nest: /^/,
};

/**
 * Reads a command line such as the `start` script of package.json. `scripts` are those that it can name: `npm run serve`.
 * @example
 * readScript('NODE_ENV=production node --import ./otel.js dist/main'); // {kind: 'start', file: 'dist/main', ...}
 */
export function readScript(text: string, scripts: Readonly<Record<string, string>> = {}, depth = 0): Script {
  // Variables keep their spelling: `$PORT`. Whatever else a shell would do is not understood.
  if (depth > 4 || /&&|\|\||[;|<>`&\n]|\$\(/.test(text)) return other;
  const all = splitWords(text.trim());
  if (all === undefined) return other;
  const env: Record<string, string> = {};
  let words = [...all];
  for (;;) {
    const [, name, value = ''] = /^([A-Za-z_]\w*)=([^]*)$/.exec(words[0] ?? '') ?? [];
    if (name !== undefined) env[name] = value;
    else if (!['cross-env', 'env', 'exec', 'npx', 'bunx', 'dotenv'].includes(words[0] ?? '')) break;
    words = words.slice(1);
    if (words[0] === '--') words = words.slice(1);
  }
  const [program = '', ...rest] = words;
  const inner = readProgram(program, rest, scripts, depth);
  return inner.kind === 'start' ? {...inner, env: {...env, ...inner.env}} : inner;
}

function readProgram(
  program: string,
  rest: readonly string[],
  scripts: Readonly<Record<string, string>>,
  depth: number,
): Script {
  const name = program.replace(/^(?:\.\/)?node_modules\/\.bin\//, '');
  if (name === 'entrypoint') return {kind: 'own'};
  if (['npm', 'pnpm', 'yarn', 'bun'].includes(name)) {
    const named = scriptOf(name, rest, scripts);
    if (named !== undefined) return readScript(named, scripts, depth + 1);
    if (name !== 'bun') return other;
  }
  if (name === 'node' || runners[name] !== undefined) return readNode(name, rest);
  if (watchers.test(name)) return development;
  if (starters.test(name) || !/^[\w@.-]+$/.test(name) || name.startsWith('-')) return other;
  if (rest.some((word) => /^--watch\b|^-w$/.test(word)) && !/^(?:next|fastify)$/.test(name)) return development;
  if (developmentWords[name]?.test(rest[0] ?? '') === true) return development;
  return {kind: 'start', program: name, args: rest, env: {}, nodeOptions: []};
}

/** The script that `npm run NAME`, `yarn NAME` and their like run, with further words after it. */
function scriptOf(
  manager: string,
  rest: readonly string[],
  scripts: Readonly<Record<string, string>>,
): string | undefined {
  const words = rest.filter((word) => !/^(?:-s|--silent|--if-present)$/.test(word));
  const [first = ''] = words;
  const name = first === 'run' || first === 'run-script' ? words[1] : first === 'exec' ? undefined : first;
  const text = name === undefined ? undefined : scripts[name];
  if (first === 'exec')
    return words
      .slice(1)
      .filter((word) => word !== '--')
      .join(' ');
  if (text === undefined) return undefined;
  const more = words.slice(first === name ? 1 : 2).filter((word) => word !== '--' || manager === 'bun');
  return [text, ...more].join(' ');
}

function readNode(program: string, rest: readonly string[]): Script {
  const words = program === 'bun' && rest[0] === 'run' ? rest.slice(1) : rest;
  const options: string[] = [];
  let at = 0;
  for (; at < words.length && (words[at] ?? '').startsWith('-'); at += 1) {
    const word = words[at] ?? '';
    // An image has no .env: its variables come from deploy.yaml.
    options.push(word.replace(/^--env-file(?==|$)/, '--env-file-if-exists'));
    if (withValue.test(word)) {
      options.push(words[at + 1] ?? '');
      at += 1;
    }
  }
  if (words[0] === 'watch' || options.some((word) => /^--(?:watch|hot)\b/.test(word))) return development;
  if (options.some((word) => /^(?:-e|-p|--eval|--print|--test|--run)\b/.test(word))) return other;
  const file = words[at];
  if (file === undefined || (program === 'bun' && options.length > 0)) return other;
  return {
    kind: 'start',
    file: file.replace(/^\.\//, ''),
    args: words.slice(at + 1),
    env: {},
    nodeOptions: [...(runners[program] ?? []), ...options],
  };
}
