import {existsSync, readFileSync} from 'node:fs';
import {registerHooks} from 'node:module';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {exitCode, isProblem, messageOf, problem} from '../../errors.ts';
import type {Context} from '../../task.ts';
import {declaredFields} from '../declaration/declared.ts';
import {isConfig} from '../declaration/index.ts';
import {type DeclarationFile, declarationFile} from './file.ts';
import type {Declaration} from './model/declaration.ts';

/**
 * Reads a service's declaration: the default export of its config.ts, or `[tool.entrypoint.config]` of its pyproject.toml.
 * Undefined if it has none.
 * @throws Problem `bad_declaration` (exit code 65)
 */
export async function readDeclaration({cwd}: Pick<Context, 'cwd'>): Promise<Declaration | undefined> {
  const found = declarationFile(cwd);
  if (found === undefined) return undefined;
  const raw = found.kind === 'toml' ? await tomlFields(cwd, found) : await moduleFields(cwd, found);
  if (raw === undefined) return undefined;
  const {fields, errors} = declaredFields(raw);
  if (errors.length > 0) throw wrong(found, 'the declaration of the configuration is not valid', errors);
  return {file: found.file, fields, names: new Set(Object.keys(raw))};
}

/**
 * The same, for a task that needs one.
 * @throws Problem `no_declaration`, `bad_declaration` (exit code 65)
 */
export async function requireDeclaration(context: Pick<Context, 'cwd'>): Promise<Declaration> {
  const found = await readDeclaration(context);
  if (found !== undefined) return found;
  throw problem({
    code: 'no_declaration',
    what: 'this service declares no configuration',
    fix: "declare its variables: export default defineConfig({...}) of 'entrypoint/config' in src/config.ts, or [tool.entrypoint.config] in pyproject.toml (docs/config.md)",
    exitCode: exitCode.badData,
  });
}

async function tomlFields(cwd: string, found: DeclarationFile): Promise<Readonly<Record<string, unknown>> | undefined> {
  const {parse} = await import('smol-toml');
  try {
    const {tool} = parse(readFileSync(join(cwd, found.file), 'utf8')) as {
      readonly tool?: {readonly entrypoint?: {readonly config?: Readonly<Record<string, unknown>>}};
    };
    return tool?.entrypoint?.config;
  } catch (error) {
    // Only the first line: the others quote the file.
    throw wrong(found, `cannot read ${found.file}: ${messageOf(error).split('\n', 1)[0]}`);
  }
}

async function moduleFields(
  cwd: string,
  found: DeclarationFile,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const path = join(cwd, found.file);
  if (!existsSync(path)) throw wrong(found, `no such file: ${found.file} (\`entrypoint.config\` in package.json)`);
  const module = await importModule(path, found);
  const exported = Object.values(module).find(isConfig);
  if (isConfig(module.default)) return module.default.fields;
  if (exported !== undefined || found.named)
    throw wrong(found, `${found.file} does not export its declaration as the default`);
  return undefined;
}

// Bundled, this file is in the directory of config.js; as source, in a directory beside it.
const isSource = import.meta.url.endsWith('.ts');
const own: Readonly<Record<string, string>> = {
  'entrypoint/config': new URL(isSource ? '../declaration/index.ts' : './config.js', import.meta.url).href,
  'entrypoint/log': new URL(isSource ? '../../log/index.ts' : './log.js', import.meta.url).href,
};

async function importModule(path: string, found: DeclarationFile): Promise<{readonly default?: unknown}> {
  const url = pathToFileURL(path).href;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const mine = own[specifier];
      if (mine !== undefined) return {url: mine, shortCircuit: true};
      // It is an ES module, whatever package.json says.
      if (specifier === url && /\.m?ts$/.test(url)) return {url, format: 'module-typescript', shortCircuit: true};
      return next(specifier, context);
    },
  });
  const before = process.env['ENTRYPOINT_CONFIG'];
  // A module that also reads its values must load without them.
  process.env['ENTRYPOINT_CONFIG'] = 'defaults';
  try {
    return (await import(url)) as {readonly default?: unknown};
  } catch (error) {
    if (isProblem(error)) throw wrong(found, error.message);
    throw wrong(found, `cannot load ${found.file}: ${messageOf(error)}`);
  } finally {
    hooks.deregister();
    if (before === undefined) delete process.env['ENTRYPOINT_CONFIG'];
    else process.env['ENTRYPOINT_CONFIG'] = before;
  }
}

function wrong({file}: DeclarationFile, what: string, details: readonly string[] = []): Error {
  return problem({code: 'bad_declaration', what, details, fix: `correct ${file}`, exitCode: exitCode.badData});
}
