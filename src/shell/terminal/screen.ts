import {widthOf} from './look.ts';

/** Lines that stay, above lines that change. */
export interface Screen {
  /** Writes lines that stay, and replaces the lines that change. */
  print(lines: readonly string[], below: readonly string[]): void;
  /** Replaces the lines that change. */
  draw(lines: readonly string[]): void;
  /** Takes them away while `body` writes to the same terminal. */
  around(text: Uint8Array | string, body: () => void): void;
  /** Takes them away until the returned function is called: a program has the terminal. */
  hold(): () => void;
  /** They are not where they were: the process was stopped and continues. */
  forget(): void;
}

/**
 * The one place that writes to the terminal. The cursor is never hidden, stays at the beginning of the line below
 * everything, and each change is one write: a process that is killed leaves a terminal in order.
 */
export function makeScreen(write: (text: string) => void, columns: () => number): Screen {
  let drawn: readonly string[] = [];
  let wanted: readonly string[] = [];
  let width = 0;
  let holds = 0;
  /** Another writer has begun a line. */
  let inLine = false;

  // After a resize the terminal has wrapped the lines anew.
  const rows = (): number =>
    drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / Math.max(1, columns()))), 0);
  const erasure = (): string => (drawn.length === 0 ? '' : `\r\u001b[${rows()}A\u001b[J`);
  const put = (lines: readonly string[], below: readonly string[]): void => {
    const text = [...lines, ...below].map((line) => `${line}\n`).join('');
    const all = `${erasure()}${inLine && text !== '' ? '\n' : ''}${text}`;
    if (text !== '') inLine = false;
    drawn = below;
    width = columns();
    if (all !== '') write(all);
  };
  const visible = (): readonly string[] => (holds > 0 || inLine ? [] : wanted);
  const draw = (lines: readonly string[]): void => {
    wanted = lines;
    const next = visible();
    const same = next.length === drawn.length && next.every((line, index) => line === drawn[index]);
    if (!same || (next.length > 0 && width !== columns())) put([], next);
  };
  return {
    print(lines, below) {
      if (lines.length === 0) return draw(below);
      wanted = below;
      put(lines, holds > 0 ? [] : below);
    },
    draw,
    around(text, body) {
      if (text.length === 0) return body();
      put([], []);
      body();
      inLine = text.at(-1) !== (typeof text === 'string' ? '\n' : 10);
      put([], visible());
    },
    hold() {
      holds += 1;
      put([], []);
      let held = true;
      return () => {
        if (held) holds -= 1;
        held = false;
        put([], visible());
      };
    },
    forget: () => void (drawn = []),
  };
}
