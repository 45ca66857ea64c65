/** A text with its variables replaced, as docker compose does it. */
export interface Interpolated {
  readonly text: string;
  /** Variables without a default: only the shell, or .env, has their values. */
  readonly missing: readonly string[];
}

const reference = /(?<!\$)\$(?:(?<plain>[A-Za-z_]\w*)|\{(?<name>[A-Za-z_]\w*)(?:(?<how>:?[-?+])(?<other>[^{}]*))?\})/g;

/**
 * Replaces the variables of a text by their defaults.
 * @example
 * interpolated('postgres:${TAG:-17}'); // {text: 'postgres:17', missing: []}
 */
export function interpolated(given: string): Interpolated {
  const missing = new Set<string>();
  let text = given;
  // A default can have variables of its own: the innermost comes first.
  for (let before = ''; before !== text;) {
    before = text;
    text = text.replaceAll(reference, (...all) => {
      const {plain, name = '', how, other} = all.at(-1) as Partial<Record<string, string>>;
      if (how?.endsWith('-') === true) return other ?? '';
      // `${NAME:+other}` is for a variable that is set, and nothing here sets one.
      if (how?.endsWith('+') !== true) missing.add(plain ?? name);
      return '';
    });
  }
  return {text: text.replaceAll('$$', '$'), missing: [...missing]};
}

type Path = readonly string[];

/**
 * The same for every text of a file, except for variables of containers and of builds, which can become references.
 * `onMissing` gets each place whose value is not complete.
 */
export function interpolatedFile(
  value: unknown,
  onMissing: (path: Path, names: readonly string[]) => void,
  path: Path = [],
): unknown {
  if (typeof value === 'string') {
    const {text, missing} = interpolated(value);
    if (missing.length > 0) onMissing(path, missing);
    return text;
  }
  if (typeof value !== 'object' || value === null || ['environment', 'args'].includes(path.at(-1) ?? '')) return value;
  if (Array.isArray(value))
    return value.map((item, index): unknown => interpolatedFile(item, onMissing, [...path, String(index)]));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolatedFile(item, onMissing, [...path, key])]),
  );
}
