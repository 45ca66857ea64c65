/** A text as YAML, quoted only where it must be. */
export function yamlText(text: string): string {
  const isPlain =
    /^[A-Za-z0-9_./][\w./:@+-]*$/.test(text) &&
    !/^(?:true|false|null|yes|no|on|off|~)$/i.test(text) &&
    !/^[-+]?[\d.]/.test(text) &&
    !text.endsWith(':');
  return isPlain ? text : JSON.stringify(text);
}

/** A map on one line: `{POSTGRES_DB: shop}`. */
export function flow(map: Readonly<Record<string, unknown>>): string {
  return `{${Object.entries(map)
    .map(([name, value]) => `${yamlText(name)}: ${flowText(value)}`)
    .join(', ')}}`;
}

/** A list on one line. */
export const flowList = (words: readonly string[]): string => `[${words.map(flowText).join(', ')}]`;

/** A value within a map or list on one line, where commas and brackets end it. */
export function flowText(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = String(value);
  const plain = yamlText(text);
  return /[,[\]{}#&*!|>'"%@`:]/.test(plain) && !plain.startsWith('"') ? JSON.stringify(text) : plain;
}
