import {usageProblem} from '../../../errors.ts';
import {levels, type LogLevel, thresholdOf} from '../../../text/log/levels.ts';
import type {Fields} from './line.ts';

/** Which lines of a log are shown: those that meet every condition. */
export interface LogFilter {
  /** The lowest level. Default: all. */
  readonly level?: LogLevel | undefined;
  /** A request id or a trace id. Default: any. */
  readonly request?: string | undefined;
  /** Conditions on fields: `status>=500`, `err.type=Timeout`, `path~/orders`, `order`. Default: none. */
  readonly where?: readonly string[] | undefined;
}

type Test = (fields: Fields) => boolean;

/**
 * Makes the test of a filter; undefined if it lets everything pass. A line that is no JSON meets no condition.
 * @throws Problem `usage` for a condition that cannot be read
 */
export function filterOf({level, request, where = []}: LogFilter): Test | undefined {
  const tests: Test[] = where.map((text) => conditionOf(text));
  if (level !== undefined) {
    const least = levels[level].order;
    tests.push(({level: own}) => {
      const name = thresholdOf(String(own));
      return name !== undefined && name !== 'silent' && levels[name].order >= least;
    });
  }
  if (request !== undefined) tests.push(({request_id: id, trace_id: trace}) => id === request || trace === request);
  return tests.length === 0 ? undefined : (fields) => tests.every((test) => test(fields));
}

const form = /^([^=!<>~\s]+)\s*(?:(=|!=|>=|<=|>|<|~)\s*([^]*))?$/;

function conditionOf(text: string): Test {
  const [, name = '', operator, wanted = ''] = form.exec(text.trim()) ?? [];
  if (name === '')
    throw usageProblem(
      `--where=${text} is no condition on a field`,
      "use FIELD, or FIELD, one of = != < <= > >= ~ (contains) and a value: --where='status>=500'",
    );
  const compare = comparisons[operator ?? 'has'] as Comparison;
  return (fields) => compare(valueOf(fields, name), wanted);
}

type Comparison = (value: unknown, wanted: string) => boolean;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

/** Numbers are compared as numbers, everything else as text. A line without the field meets `!=` alone. */
const ordered =
  (holds: (order: number) => boolean): Comparison =>
  (value, wanted) => {
    if (value === undefined || value === null) return false;
    const [own, other] = [Number(value), Number(wanted)];
    if (wanted !== '' && textOf(value) !== '' && !Number.isNaN(own) && !Number.isNaN(other)) return holds(own - other);
    const text = textOf(value);
    return holds(text < wanted ? -1 : text > wanted ? 1 : 0);
  };

const comparisons: Readonly<Record<string, Comparison>> = {
  has: (value) => value !== undefined && value !== null,
  '=': ordered((order) => order === 0),
  '!=': (value, wanted) => !ordered((order) => order === 0)(value, wanted),
  '<': ordered((order) => order < 0),
  '<=': ordered((order) => order <= 0),
  '>': ordered((order) => order > 0),
  '>=': ordered((order) => order >= 0),
  '~': (value, wanted) => value !== undefined && textOf(value).includes(wanted),
};

/** A field by its name, which can have dots itself, or by its path. */
function valueOf(fields: unknown, name: string): unknown {
  if (typeof fields !== 'object' || fields === null) return undefined;
  const own = fields as Fields;
  if (Object.hasOwn(own, name)) return own[name];
  for (let at = name.indexOf('.'); at !== -1; at = name.indexOf('.', at + 1)) {
    const head = name.slice(0, at);
    if (Object.hasOwn(own, head)) return valueOf(own[head], name.slice(at + 1));
  }
  return undefined;
}
