import type {Words} from '../../../shell/argv.ts';

/** A framework for Node services, by the package that shows it. */
export interface Framework {
  readonly package: string;
  readonly title: string;
  /** Where it builds what is served; the first that exists is the module. */
  readonly outputs?: readonly string[];
  /** The program that serves what was built, where no module does. */
  readonly program?: readonly [name: string, ...args: string[]];
  /** Files that show it, even where package.json does not name it. */
  readonly files?: readonly string[];
  /** The package without which the build makes nothing that can be served. */
  readonly adapter?: Adapter;
}

/** What makes a server of what a framework builds. */
export interface Adapter {
  readonly package: string;
  /** Whether it is needed for the build only. */
  readonly dev: boolean;
  /** Where it has to be named besides. */
  readonly also?: string;
}

/** The frameworks that build, or have a way of their own to be served, before those that are plain libraries. */
export const frameworks: readonly Framework[] = [
  {
    package: 'next',
    title: 'Next.js',
    outputs: ['.next/standalone/server.js'],
    program: ['next', 'start'],
    files: ['next.config.js', 'next.config.mjs', 'next.config.ts'],
  },
  {
    package: 'nuxt',
    title: 'Nuxt',
    outputs: ['.output/server/index.mjs'],
    files: ['nuxt.config.ts', 'nuxt.config.js', 'nuxt.config.mjs'],
  },
  {package: '@react-router/serve', title: 'React Router', program: ['react-router-serve', 'build/server/index.js']},
  {
    package: '@react-router/node',
    title: 'React Router',
    files: ['react-router.config.ts', 'react-router.config.js'],
    adapter: {package: '@react-router/serve', dev: false},
  },
  {package: '@remix-run/serve', title: 'Remix', program: ['remix-serve', 'build/server/index.js']},
  {
    package: 'astro',
    title: 'Astro',
    outputs: ['dist/server/entry.mjs'],
    files: ['astro.config.mjs', 'astro.config.ts', 'astro.config.js'],
    adapter: {package: '@astrojs/node', dev: false, also: "astro.config: adapter: node({mode: 'standalone'})"},
  },
  {
    package: '@sveltejs/kit',
    title: 'SvelteKit',
    outputs: ['build/index.js'],
    files: ['svelte.config.js', 'svelte.config.ts'],
    adapter: {package: '@sveltejs/adapter-node', dev: true, also: 'svelte.config.js: kit: {adapter: adapter()}'},
  },
  {
    package: '@nestjs/core',
    title: 'Nest',
    outputs: ['dist/main.js', 'dist/src/main.js'],
    files: ['nest-cli.json'],
  },
  {package: 'nitropack', title: 'Nitro', outputs: ['.output/server/index.mjs'], files: ['nitro.config.ts']},
  {package: 'nitro', title: 'Nitro', outputs: ['.output/server/index.mjs']},
  {package: 'fastify', title: 'Fastify'},
  {package: 'express', title: 'Express'},
  {package: 'koa', title: 'Koa'},
  {package: 'hono', title: 'Hono'},
];

/** A program of a package, with the words after which it serves. */
export interface ServingProgram {
  /** The package that has it. */
  readonly package: string;
  /** Its options for the port and the address. The socket is the server's, so that they are left out. */
  readonly port: readonly string[];
  readonly host: readonly string[];
}

/** Programs that serve, whose settings are understood. */
export const servingPrograms: Readonly<Record<string, ServingProgram>> = {
  next: {package: 'next', port: ['-p', '--port'], host: ['-H', '--hostname']},
  fastify: {package: 'fastify-cli', port: ['-p', '--port'], host: ['-a', '--address']},
  'react-router-serve': {package: '@react-router/serve', port: [], host: []},
  'remix-serve': {package: '@remix-run/serve', port: [], host: []},
};

/** Takes the options of an address out of the words of a program: their values, and the words without them. */
export function withoutAddress(
  {port, host}: Pick<ServingProgram, 'port' | 'host'>,
  words: Words,
): {readonly words: Words; readonly port?: string; readonly host?: string} {
  const kept: string[] = [];
  const found: {port?: string; host?: string} = {};
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [flag = '', inline] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    const kind = port.includes(flag) ? 'port' : host.includes(flag) ? 'host' : undefined;
    if (kind === undefined) {
      kept.push(word);
      continue;
    }
    found[kind] = inline ?? words[at + 1] ?? '';
    if (inline === undefined) at += 1;
  }
  return {words: kept, ...found};
}
