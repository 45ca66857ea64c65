import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {connect, type Socket} from 'node:net';

/**
 * A port that answers no packet of a new connection, as behind a firewall that drops them: its queue is full, and the
 * program that should accept is stopped.
 */
export interface BlackHole {
  readonly port: number;
  close(this: void): void;
}

const program = `const server = require('node:net').createServer(() => {});
server.listen({host: '127.0.0.1', port: 0, backlog: 1}, () => console.log(server.address().port));`;

export async function startBlackHole(): Promise<BlackHole> {
  const child = spawn(process.execPath, ['-e', program], {stdio: ['ignore', 'pipe', 'inherit']});
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(text.toString());
  child.kill('SIGSTOP');
  const waiting: Socket[] = [];
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    waiting.push(socket);
    const isQueued = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300)),
    ]);
    if (!isQueued) break;
  }
  return {
    port,
    close: () => {
      for (const socket of waiting) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}
