// The part of Go's templates that deploys use in `docker --format`: fields, labels, index, json, println, with, range, if, end.

type Facts = Readonly<Record<string, unknown>>;
type Node =
  | {readonly text: string}
  | {readonly value: string}
  | {
      readonly block: 'with' | 'range' | 'if';
      readonly value: string;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/** Renders a template with the facts of one thing. As docker does, it reads `\t` and `\n` as a tab and a line break. */
export function renderTemplate(template: string, facts: Facts): string {
  const parts = template
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
    .split(/\{\{-?\s*(.*?)\s*-?\}\}/);
  return render(parse(parts).nodes, facts);
}

// Every other part is an action.
function parse(parts: readonly string[], start = 0): {nodes: Node[]; end: number; stoppedBy: string} {
  const nodes: Node[] = [];
  for (let index = start; index < parts.length; index += 1) {
    const part = parts[index] ?? '';
    if (index % 2 === 0) nodes.push({text: part});
    else if (part === 'end' || part === 'else') return {nodes, end: index, stoppedBy: part};
    else {
      const [, block, value = ''] = /^(with|range|if)\s+(.*)$/.exec(part) ?? [];
      if (block === undefined) nodes.push({value: part});
      else {
        const body = parse(parts, index + 1);
        const otherwise = body.stoppedBy === 'else' ? parse(parts, body.end + 1) : {nodes: [], end: body.end};
        nodes.push({block: block as 'with' | 'range' | 'if', value, body: body.nodes, otherwise: otherwise.nodes});
        index = otherwise.end;
      }
    }
  }
  return {nodes, end: parts.length, stoppedBy: ''};
}

function render(nodes: readonly Node[], dot: unknown): string {
  return nodes
    .map((node) => {
      if ('text' in node) return node.text;
      const value = evaluate(node.value, dot);
      if (!('block' in node))
        return value === undefined
          ? ''
          : typeof value === 'object' && value !== null
            ? JSON.stringify(value)
            : String(value);
      const some = typeof value === 'object' && value !== null ? Object.values(value) : [];
      if (node.block === 'range') return some.map((one) => render(node.body, one)).join('');
      const full = typeof value === 'object' ? some.length > 0 : Boolean(value);
      return full ? render(node.body, node.block === 'with' ? value : dot) : render(node.otherwise, dot);
    })
    .join('');
}

function evaluate(expression: string, dot: unknown): unknown {
  const words = expression.match(/\([^)]*\)|"[^"]*"|\S+/g) ?? [];
  const [first = '', ...rest] = words;
  if (first === 'json') return JSON.stringify(evaluate(rest.join(' '), dot));
  if (first === 'println') return `${String(evaluate(rest.join(' '), dot))}\n`;
  if (first === 'index')
    return rest
      .slice(1)
      .reduce(
        (value: unknown, key) => (value as Facts | undefined)?.[String(evaluate(key, dot))],
        evaluate(rest[0] ?? '', dot),
      );
  if (first === '.Label') return ((dot as Facts)['Labels'] as Facts)[String(evaluate(rest[0] ?? '', dot))] ?? '';
  if (first.startsWith('(')) return evaluate(first.slice(1, -1), dot);
  if (first.startsWith('"')) return first.slice(1, -1);
  if (/^\d+$/.test(first)) return Number(first);
  if (first === '.') return dot;
  return first
    .split('.')
    .slice(1)
    .reduce((value: unknown, key) => (value as Facts | undefined)?.[key], dot);
}
