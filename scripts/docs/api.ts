import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Option} from '../../src/option.ts';
import {taskDescription} from '../../src/task.ts';
import {type Declaration, exportsOf} from './declarations.ts';
import {balanced, splitOutside} from './source-text.ts';

/** What package.json exports with types: `entrypoint/tasks` and its declarations. */
export interface Entry {
  readonly name: string;
  readonly declarations: readonly Declaration[];
  /** The subjects of the module, `// ## Title: meaning` in its source, each with the names that it exports. */
  readonly subjects: readonly Subject[];
  /** The standard tasks among them, as they describe themselves. */
  readonly tasks: ReadonlyMap<string, NonNullable<ReturnType<typeof taskDescription>>>;
}

interface Subject {
  readonly title: string;
  readonly meaning: string;
  readonly names: ReadonlySet<string>;
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
    typed.map(async ([name, types]) => {
      const source = join(root, types.replace('./dist/types/', 'src/').replace(/\.d\.ts$/, '.ts'));
      return {
        name,
        declarations: exportsOf(join(root, types)),
        subjects: subjectsOf(readFileSync(source, 'utf8')),
        tasks: await tasksOf(source),
      };
    }),
  );
}

// Declarations have no comments but docstrings: the headings are in the source alone.
function subjectsOf(source: string): readonly Subject[] {
  return source
    .split(/^\/\/ ## /m)
    .slice(1)
    .map((text) => {
      const [, title = '', meaning = ''] = /^(.*?): (.*)$/m.exec(text) ?? [];
      const exported = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) =>
        names.split(','),
      );
      const names = exported.map((name) => name.trim().split(' as ').at(-1) ?? '').filter((name) => name !== '');
      return {title, meaning, names: new Set(names)};
    });
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
    const repeated = entry.declarations.filter((one) => !fresh.includes(one)).map(linkTo);
    for (const one of fresh) shown.add(`${one.name}\n${one.signature}`);
    const isTask = ({name}: Declaration): boolean => entry.tasks.has(name);
    const subjects = entry.subjects.map(({title, meaning, names}) => ({
      text: `### ${title}\n\n${meaning[0]?.toUpperCase()}${meaning.slice(1)}.`,
      declarations: fresh.filter((one) => names.has(one.name)),
    }));
    const grouped = new Set(subjects.flatMap(({declarations}) => declarations));
    const others = fresh.filter((one) => !grouped.has(one) && !isTask(one));
    return [
      `## ${entry.name}`,
      ...(repeated.length === 0 ? [] : [`Also exports ${repeated.join(', ')} of \`entrypoint\`.`]),
      ...fresh.filter(isTask).map((one) => taskText(one, entry)),
      ...subjects.map(({text, declarations}) => [text, ...inOrder(declarations).map(declarationText)].join('\n\n')),
      ...inOrder(others).map(declarationText),
    ].join('\n\n');
  });
  return `# API

<!-- Written by \`npm run docs\` from the docstrings of what the package exports. -->

What a service's \`tasks.ts\` can import; [tasks.md](tasks.md) shows how. Everything else in \`src\` can change without
notice. Errors are listed in [errors.md](errors.md).

${contents(entries)}

${sections.join('\n\n')}
`;
}

/** What can be called or read before the types. */
const inOrder = (declarations: readonly Declaration[]): readonly Declaration[] => [
  ...declarations.filter((one) => !isType(one)),
  ...declarations.filter(isType),
];

/** The table at the top: one line per subject, with its functions and constants. */
function contents(entries: readonly Entry[]): string {
  const rows = entries.flatMap(({name: entry, subjects, declarations, tasks}) => {
    const values = (names: ReadonlySet<string>): string =>
      declarations
        .filter((one) => names.has(one.name) && !isType(one))
        .map(linkTo)
        .join(', ');
    const all = new Set(tasks.size > 0 ? tasks.keys() : declarations.map(({name}) => name));
    return subjects.length === 0
      ? [`| \`${entry}\` | | ${values(all)} |`]
      : subjects.map(({title, names}) => `| \`${entry}\` | [${title}](#${anchor(title)}) | ${values(names)} |`);
  });
  return ['| module | subject | functions and constants |', '|---|---|---|', ...rows].join('\n');
}

const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');

const linkTo = (declaration: Declaration): string =>
  `[${declaration.name}](#${isType(declaration) ? 'type-' : ''}${anchor(declaration.name)})`;

// Without the word `type`, the anchors of `Status` and `status` would be the same.
function declarationText(declaration: Declaration): string {
  const {name, signature, doc} = declaration;
  const examples = (doc?.examples ?? []).map((example) => `Example:\n\n\`\`\`ts\n${example}\n\`\`\``);
  return [
    `#### ${isType(declaration) ? 'type ' : ''}${name}`,
    ...(doc === undefined || doc.text === '' ? [] : [doc.text]),
    `\`\`\`ts\n${wrapped(shortened(signature))}\n\`\`\``,
    ...((doc?.tags ?? []).length === 0 ? [] : [(doc?.tags ?? []).map(tagText).join('\n')]),
    ...examples,
  ].join('\n\n');
}

/** Breaks a long one-line signature into one line per parameter. */
function wrapped(signature: string): string {
  const open = signature.indexOf('(');
  if (signature.length <= 110 || open < 0 || signature.includes('\n')) return signature;
  const parameters = balanced(signature, open);
  const lines = parametersOf(parameters).map((one) => `  ${one},\n`);
  return `${signature.slice(0, open)}(\n${lines.join('')}${signature.slice(open + parameters.length + 1)}`;
}

// A comma between angle brackets does not separate parameters.
function parametersOf(text: string): readonly string[] {
  const parameters: string[] = [];
  let depth = 0;
  for (const part of splitOutside(text, ',')) {
    if (depth > 0) parameters.push(`${parameters.pop()},${part}`);
    else parameters.push(part.trim());
    depth += (part.match(/</g) ?? []).length - (part.match(/(?<!=)>/g) ?? []).length;
  }
  return parameters;
}

// A constant whose type is an object of many lines is read in its source.
function shortened(signature: string): string {
  const lines = signature.split('\n');
  return !signature.startsWith('const ') || lines.length <= 40
    ? signature
    : [...lines.slice(0, 8), '  // ...', lines.at(-1) ?? ''].join('\n');
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
    `#### ${name}`,
    `\`${name}(context${rows.length === 0 ? '' : ', options'})\``,
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
