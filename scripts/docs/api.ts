import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Option} from '../../src/option.ts';
import {taskDescription} from '../../src/task.ts';
import {type Declaration, exportsOf} from './declarations.ts';

/** What package.json exports with types: `entrypoint/tasks` and its declarations. */
export interface Entry {
  readonly name: string;
  readonly declarations: readonly Declaration[];
  /** The standard tasks among them, as they describe themselves. */
  readonly tasks: ReadonlyMap<string, NonNullable<ReturnType<typeof taskDescription>>>;
}

/** Reads the public API from dist/types and from the modules themselves. */
export async function readEntries(root: string): Promise<readonly Entry[]> {
  const file = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly exports: Readonly<Record<string, string | {readonly types: string}>>;
  };
  const typed = Object.entries(file.exports).flatMap(([path, target]) =>
    typeof target === 'string' ? [] : [[`entrypoint${path.slice(1)}`, target.types] as const],
  );
  return Promise.all(
    typed.map(async ([name, types]) => ({
      name,
      declarations: exportsOf(join(root, types)),
      tasks: await tasksOf(join(root, types.replace('./dist/types/', 'src/').replace(/\.d\.ts$/, '.ts'))),
    })),
  );
}

async function tasksOf(source: string): Promise<Entry['tasks']> {
  // The app server's module has no tasks, and a program among the entries would run.
  if (!source.endsWith('/tasks/index.ts')) return new Map();
  const exported = (await import(source)) as Readonly<Record<string, unknown>>;
  return new Map(
    Object.entries(exported).flatMap(([name, value]) => {
      const description = name === 'task' ? undefined : taskDescription(value);
      return description === undefined ? [] : [[name, description] as const];
    }),
  );
}

const isFunction = ({kind, signature}: Declaration): boolean =>
  kind === 'function' || (kind === 'const' && /=>|^const \w+: \w*Runner/.test(signature));

const isType = ({kind}: Declaration): boolean => kind === 'interface' || kind === 'type';

/** Names that lack a docstring or, if they can be called, an example; tasks have their summary. */
export function undocumented(entries: readonly Entry[]): readonly string[] {
  const missing: string[] = [];
  for (const {name, declarations, tasks} of entries) {
    for (const one of declarations) {
      if (tasks.has(one.name)) continue;
      if ((one.doc?.text ?? '') === '') missing.push(`${name}: ${one.name} has no docstring`);
      if (isFunction(one) && (one.doc?.examples ?? []).length === 0)
        missing.push(`${name}: ${one.name} has no @example`);
    }
  }
  return missing;
}

/** docs/api.md */
export function apiPage(entries: readonly Entry[]): string {
  const shown = new Set<string>();
  const sections = entries.map((entry) => {
    const fresh = entry.declarations.filter((one) => !shown.has(`${one.name}\n${one.signature}`));
    const repeated = entry.declarations.filter((one) => !fresh.includes(one)).map(({name}) => `\`${name}\``);
    for (const one of fresh) shown.add(`${one.name}\n${one.signature}`);
    const isTask = ({name}: Declaration): boolean => entry.tasks.has(name);
    const callable = fresh.filter((one) => !isTask(one) && !isType(one));
    return [
      `## ${entry.name}`,
      ...(repeated.length === 0 ? [] : [`Also exports ${repeated.join(', ')} of \`entrypoint\`.`]),
      ...fresh.filter(isTask).map((one) => taskText(one, entry)),
      ...callable.map(declarationText),
      ...fresh.filter(isType).map(declarationText),
    ].join('\n\n');
  });
  return `# API

<!-- Written by \`npm run docs\` from the docstrings of what the package exports. -->

What a service's \`tasks.ts\` can import. Everything else in \`src\` can change without notice. Errors are listed in
[errors.md](errors.md).

${sections.join('\n\n')}
`;
}

function declarationText({name, kind, signature, doc}: Declaration): string {
  const examples = (doc?.examples ?? []).map((example) => `Example:\n\n\`\`\`ts\n${example}\n\`\`\``);
  return [
    `### ${name}${kind === 'function' ? '()' : ''}`,
    ...(doc === undefined || doc.text === '' ? [] : [doc.text]),
    ...((doc?.tags ?? []).length === 0 ? [] : [(doc?.tags ?? []).map(tagText).join('\n')]),
    `\`\`\`ts\n${signature}\n\`\`\``,
    ...examples,
  ].join('\n\n');
}

const tagNames: Readonly<Record<string, string>> = {
  throws: 'Throws',
  returns: 'Returns',
  see: 'See',
  default: 'Default',
};

function tagText(tag: string): string {
  const [, name = '', text = ''] = /^(\w+)\s*([^]*)$/.exec(tag) ?? [];
  if (name !== 'param') return `- ${tagNames[name] ?? name} ${text}`;
  const [, parameter = '', meaning = ''] = /^(\w+)\s*(?:- )?([^]*)$/.exec(text) ?? [];
  return `- \`${parameter}\`: ${meaning}`;
}

function taskText({name, signature, doc}: Declaration, {tasks}: Entry): string {
  const {summary = '', options = {}} = tasks.get(name) ?? {};
  const rows = Object.entries(options).map(([key, declared]) => {
    const type = declared.choices?.map((choice) => `\`${choice}\``).join(', ') ?? declared.kind;
    return `| \`${key}\` | ${type} | ${defaultOf(declared)} | ${declared.help.replaceAll('|', '\\|')} |`;
  });
  const [, result = 'unknown'] = /, ([^,]*)>;$/.exec(signature) ?? [];
  return [
    `### ${name}(context, options)`,
    `${summary}.${doc === undefined ? '' : ` ${doc.text}`} Resolves with \`${result.replaceAll(/\s+/g, ' ')}\`.`,
    ...(rows.length === 0 ? [] : [['| option | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n')]),
  ].join('\n\n');
}

function defaultOf({
  defaultText,
  defaultValue,
  required,
}: Option<unknown> & {readonly required?: boolean | undefined}): string {
  if (required === true) return 'required';
  if (defaultText !== undefined) return defaultText;
  return defaultValue === undefined || String(defaultValue) === '' ? '' : `\`${String(defaultValue)}\``;
}
