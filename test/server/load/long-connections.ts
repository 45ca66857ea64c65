import {connect, type Socket} from 'node:net';
import {after} from 'node:test';

/** Clients that keep one connection for as long as the server lets them, and then open the next one. */
export interface LongConnections {
  readonly sofar: {readonly opened: number; readonly failures: readonly string[]};
  stop(this: void): readonly string[];
}

const hello = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9]);
const requests = {
  events: 'GET /stream HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n',
  websocket:
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
};

/**
 * Opens `count` streams of server-sent events and as many websockets. A stream must end with its last chunk, a websocket
 * with a close frame of status 1001; both then reconnect at once. Anything else is a failure. Ends with the test file.
 */
export function holdConnections(port: number, count: number): LongConnections {
  const tally = {opened: 0, failures: [] as string[]};
  const sockets = new Set<Socket>();
  let stopped = false;
  const open = (kind: keyof typeof requests): void => {
    if (stopped) return;
    const socket = connect({port, host: '127.0.0.1'});
    sockets.add(socket);
    const received: Buffer[] = [];
    let [established, ended, sentFrames, error] = [false, false, 0, ''];
    let timer: NodeJS.Timeout | undefined;
    socket.write(requests[kind]);
    socket.on('data', (bytes: Buffer) => {
      // Enough to find the last bytes, however they are split.
      received.push(bytes);
      const tail = Buffer.concat(received.slice(-4));
      if (!established && tail.includes('\r\n\r\n')) {
        established = true;
        tally.opened += 1;
        if (!/^HTTP\/1\.1 (200|101) /.test(tail.toString('latin1'))) error = tail.toString('latin1', 0, 40);
        if (kind === 'websocket')
          timer = setInterval(() => {
            sentFrames += 1;
            socket.write(hello);
          }, 100);
      }
      ended = kind === 'events' ? tail.subarray(-5).toString() === '0\r\n\r\n' : tail.includes(goingAway);
      // RFC 6455, 5.5.1: the answer to a close frame; an HTTP client closes after the last chunk of a closing response.
      if (ended) {
        clearInterval(timer);
        if (kind === 'websocket') socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]));
        socket.end();
      }
      if (received.length > 8) received.splice(0, received.length - 4);
    });
    socket.on('error', ({message}) => {
      error = message;
    });
    socket.on('close', () => {
      clearInterval(timer);
      sockets.delete(socket);
      if (stopped) return;
      if (!ended)
        tally.failures.push(
          `${kind}: ${error === '' ? 'closed' : error} ${established ? `in the middle (${sentFrames} frames sent)` : 'before its response'}`,
        );
      setImmediate(() => open(kind));
    });
  };
  for (let left = count; left > 0; left -= 1) {
    open('events');
    open('websocket');
  }
  const stop = (): readonly string[] => {
    stopped = true;
    for (const socket of sockets) socket.destroy();
    return tally.failures;
  };
  after(() => void stop());
  return {sofar: tally, stop};
}
