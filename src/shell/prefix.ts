/** Puts `name | ` before each line of a stream whose chunks end anywhere. */
export function linePrefixer(name: string, write: (text: string) => void): {write: (chunk: Uint8Array | string) => void; end: () => void} {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    write(chunk) {
      const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, {stream: true}))).split('\n');
      rest = lines.pop() ?? '';
      if (lines.length > 0) write(lines.map((line) => `${name} | ${line}\n`).join(''));
    },
    end() {
      rest += decoder.decode();
      if (rest !== '') write(`${name} | ${rest}\n`);
      rest = '';
    },
  };
}
