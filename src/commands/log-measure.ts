import {type Command, quote} from '../shell/argv.ts';
import {type ContainerOptions, createSecrets, createText} from './docker/index.ts';

// A numbered stream through the log driver of a host, as fast as the driver takes it.

/** A stream of lines. */
export interface LogStream {
  /** In each line, before its number. */
  readonly token: string;
  readonly lines: number;
  /** Bytes of a line with its line break. */
  readonly bytes: number;
}

/** What a stream's program measured. */
export interface StreamTimes {
  /** From the first line to the end of the last one. */
  readonly seconds: number;
  /** How much of it the program waited for the driver. */
  readonly blocked: number;
  /** The longest wait. */
  readonly longest: number;
}

/** The text of a line, as it is found again in whatever format a sink has. */
export const linePattern = (token: string): RegExp => new RegExp(`${token} (\\d+) `, 'g');

// The pipe is not blocking if the container's runtime has made it so.
const program = `
const {writeSync, writeFileSync} = require("fs");
const {argv} = process;
const [token, lines, bytes] = argv.slice(1);
const idle = new Int32Array(new SharedArrayBuffer(4));
let blocked = 0, longest = 0;
const began = performance.now();
for (let n = 1; n <= Number(lines); n += 1) {
  const head = token + " " + n + " ";
  const text = Buffer.from(head + "x".repeat(Math.max(0, bytes - head.length - 1)) + "\\n");
  const from = performance.now();
  for (let at = 0; at < text.length;) {
    try { at += writeSync(1, text, at); } catch (error) { if (error.code !== "EAGAIN") throw error; Atomics.wait(idle, 0, 0, 1); }
  }
  const took = performance.now() - from;
  if (took > 1) { blocked += took; longest = Math.max(longest, took); }
}
const seconds = (performance.now() - began) / 1000;
writeFileSync("/tmp/measured", JSON.stringify({seconds, blocked: blocked / 1000, longest: longest / 1000}));
`
  .trim()
  .replaceAll(/\n\s*/g, ' ');

/** How long a stream can take. */
const mostSeconds = 120;

/**
 * Sends a stream through a container's log driver, and prints the {@link StreamTimes} as JSON. With `read`, prints what
 * docker has of the lines as well, after them.
 */
export function sendStream(
  options: Pick<ContainerOptions, 'image' | 'log' | 'labels'>,
  {token, lines, bytes}: LogStream,
  read: boolean,
): Command {
  const whole: ContainerOptions = {
    ...options,
    network: 'none',
    entrypoint: 'sh',
    options: ['--no-healthcheck'],
    command: [
      '-c',
      'PATH=$PATH:/usr/local/lib/entrypoint/bin exec node -e "$@"',
      'sh',
      program,
      token,
      String(lines),
      String(bytes),
    ],
  };
  const secrets = createSecrets(whole);
  return {
    words: [
      'sh',
      '-c',
      [
        createText(whole),
        'docker start "$id" >/dev/null || { docker rm --force --volumes "$id" >/dev/null 2>&1; exit 69; }',
        `r=$(timeout ${mostSeconds} docker wait "$id") || r=124`,
        '[ "$r" != 0 ] || docker cp "$id:/tmp/measured" - | tar -xO',
        ...(read ? [`echo; docker logs "$id" 2>/dev/null | grep -oE ${quote(`${token} [0-9]+ `)} || :`] : []),
        // The driver gets its last lines before the container is gone.
        '(docker rm --force --volumes "$id" >/dev/null 2>&1 </dev/null &)',
        '[ "$r" = 0 ] || { echo "the stream has ended with $r" >&2; exit 69; }',
      ].join('; '),
    ],
    ...(Object.keys(secrets).length === 0 ? {} : {secrets}),
  };
}
