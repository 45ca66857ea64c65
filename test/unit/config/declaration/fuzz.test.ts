import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {test} from 'node:test';
import {hidden, quiet} from '../../../support/config/planted.ts';
import {temporaryDirectory} from '../../../support/directory.ts';
import {all} from '../../../support/long.ts';

const program = join(import.meta.dirname, '../../../support/config/print-planted.ts');
// A message can begin a chunk with " at most": a frame begins a line.
const stackLine = /\n\s+at /;

/** Reads a stream to its end, and keeps of it only what must not be there. */
async function leaksIn(
  stream: NodeJS.ReadableStream,
): Promise<{readonly found: readonly string[]; readonly bytes: number}> {
  const found = new Set<string>();
  let bytes = 0;
  let end = '';
  for await (const chunk of stream) {
    const text = end + String(chunk);
    bytes += String(chunk).length;
    for (const token of [hidden, quiet])
      if (text.includes(token)) found.add(text.slice(Math.max(0, text.indexOf(token) - 80), text.indexOf(token) + 20));
    const stack = stackLine.exec(text);
    if (stack !== null) found.add(text.slice(Math.max(0, stack.index - 80), stack.index + 80));
    end = text.slice(-200);
  }
  return {found: [...found], bytes};
}

const count = all ? 100_000 : 1000;

test(`${count} environments and files with planted secrets: nothing that is printed has one, and no stack`, async () => {
  const child = spawn(process.execPath, [program, temporaryDirectory(), String(count), '7'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([
    leaksIn(child.stdout.setEncoding('utf8')),
    leaksIn(child.stderr.setEncoding('utf8')),
  ]);
  assert.deepEqual([out.found, err.found], [[], []]);
  assert.ok(
    out.bytes > count * 1000 && err.bytes > 100,
    `${out.bytes} bytes on stdout, ${err.bytes} on stderr, exit ${child.exitCode}, ${child.signalCode}`,
  );
});
