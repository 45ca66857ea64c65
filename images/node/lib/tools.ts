import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {dependenciesOf, type Project} from './project.ts';
import {refuse, run, say} from './report.ts';

const tools = '/usr/local/lib/entrypoint/tools';

/** The toolkit's pinned linter and type checker, for a service that lacks one. */
export async function addTools({root, members}: Project, env: NodeJS.ProcessEnv): Promise<void> {
  const names = new Set([root, ...members].flatMap(({manifest}) => dependenciesOf(manifest).map(([name]) => name)));
  if (names.has('typescript') && ['oxlint', 'eslint', '@biomejs/biome'].some((name) => names.has(name))) return;
  if (existsSync(join(tools, 'node_modules'))) return;
  say("the service has no linter or no type checker: static_analysis uses the toolkit's");
  const {code, output} = await run(['npm', 'ci'], {env, cwd: tools, capture: true});
  if (code === 0) return;
  process.stderr.write(output);
  refuse([{what: "cannot install the toolkit's linter and type checker", fix: 'see the output of npm above'}]);
}
