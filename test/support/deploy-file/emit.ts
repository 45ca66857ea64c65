// Writes a deploy.yaml and notes the line of everything in it, without the YAML library that reads it.

export type Value = Text | Raw | number | boolean | readonly Value[] | {readonly [key: string]: Value};
type Text = string;

/** Text of YAML that is written as it is, such as `.inf`. */
export interface Raw {
  readonly raw: string;
}

export type Path = readonly (string | number)[];

export interface Emitted {
  readonly text: string;
  /** The line of a path, counted from 1; of the nearest path around it if it is not there. */
  readonly lineOf: (path: Path) => number;
}

const isRaw = (value: Value): value is Raw => typeof value === 'object' && Object.keys(value).join() === 'raw';

export function emit(file: Readonly<Record<string, Value>>): Emitted {
  const lines: string[] = [];
  const found = new Map<string, number>();
  const put = (path: Path, line: string): void => {
    lines.push(line);
    found.set(JSON.stringify(path), lines.length);
  };
  const write = (value: Value, path: Path, head: string, indent: string): void => {
    if (typeof value !== 'object' || isRaw(value)) return put(path, `${head} ${scalar(value)}`);
    const entries = Object.entries(value as Readonly<Record<string, Value>>);
    if (entries.length === 0) return put(path, `${head} ${Array.isArray(value) ? '[]' : '{}'}`);
    put(path, head);
    for (const [key, item] of entries)
      if (Array.isArray(value)) write(item, [...path, Number(key)], `${indent}  -`, `${indent}    `);
      else write(item, [...path, key], `${indent}  ${keyText(key)}:`, `${indent}  `);
  };
  for (const [key, value] of Object.entries(file)) write(value, [key], `${keyText(key)}:`, '');
  const lineOf = (path: Path): number =>
    found.get(JSON.stringify(path)) ?? (path.length === 0 ? 1 : lineOf(path.slice(0, -1)));
  return {text: `${lines.join('\n')}\n`, lineOf};
}

const keyText = (key: string): string => (/^[A-Za-z_][\w-]*$/.test(key) ? key : JSON.stringify(key));

// JSON's strings are YAML's, but for the characters that YAML does not print.
function scalar(value: Exclude<Value, readonly Value[]>): string {
  if (typeof value === 'object' && isRaw(value)) return value.raw;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
