import {type Classified, classify} from './classify/index.ts';
import {configurationOf, type Environments, type ReadFile} from './configuration.ts';
import type {Configuration, FileProblem, Reading, ReadText} from './model/types.ts';
import {formats, readFile} from './readers/index.ts';
import {readsOf, type SourceFile} from './source.ts';

/** A file of the command line, with its environment if it was given as `NAME=FILE`. */
export interface FileArgument {
  readonly file: string;
  readonly environment?: string | undefined;
}

/** What the audit found. */
export interface Audit {
  readonly configuration: Configuration & Environments;
  readonly keys: readonly Classified[];
  /** What was seen in the files and not read. */
  readonly notes: readonly FileProblem[];
  /** Files that are wrong: with any, there is no result. */
  readonly problems: readonly FileProblem[];
}

/** Audits configuration files: reads them with `readText`, executes nothing, and classifies every key. */
export function audit(
  files: readonly FileArgument[],
  source: readonly SourceFile[] | undefined,
  readText: ReadText,
): Audit {
  const problems: FileProblem[] = [];
  const notes: FileProblem[] = [];
  const read = files.flatMap(({file, environment}): ReadFile[] => {
    if (/[-_.](example|samples?|template|dist)(\.\w+)?$/i.test(file)) {
      notes.push({file, line: 1, text: 'is an example and no environment: left out'});
      return [];
    }
    const text = readText(file);
    const reading = text === undefined ? undefined : parsed(file, text, readText);
    if (text === undefined) problems.push({file, line: 0, text: 'does not exist, or cannot be read'});
    else if (reading === undefined)
      problems.push({file, line: 0, text: `has a format that is not read; read are ${formats}`});
    if (reading === undefined) return [];
    problems.push(...reading.problems);
    notes.push(...(reading.notes ?? []));
    return [{file, environment, reading}];
  });
  const configuration = configurationOf(read);
  const own = new Set(files.map(({file}) => file));
  const others = source?.filter(({file}) => !own.has(file));
  const isRead = others === undefined ? undefined : readsOf(others, configuration.keys);
  return {
    configuration,
    keys: problems.length > 0 ? [] : classify(configuration, isRead),
    notes: unique([...notes, ...configuration.left]),
    problems,
  };
}

/** A parser that gives up is a problem of the file; its message can contain values. */
function parsed(file: string, text: string, readText: ReadText): Reading | undefined {
  try {
    return readFile(file, text, readText);
  } catch {
    const problem = {file, line: 0, text: 'cannot be parsed: it is wrong, or nested too deeply'};
    return {format: 'json', parts: [], problems: [problem]};
  }
}

function unique(notes: readonly FileProblem[]): readonly FileProblem[] {
  return [...new Map(notes.map((note) => [`${note.file}:${note.line} ${note.text}`, note])).values()];
}
