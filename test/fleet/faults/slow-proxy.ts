// slow-proxy MILLISECONDS HOST PORT: for ssh's ProxyCommand; all that passes, passes that much later, in its order.
import {connect} from 'node:net';
import type {Readable, Writable} from 'node:stream';

const [ms = '0', host = '', port = '22'] = process.argv.slice(2);
const socket = connect(Number(port), host);

function pass(from: Readable, to: Writable): void {
  from.on('data', (chunk: Buffer) => void setTimeout(() => to.write(chunk), Number(ms)));
  from.on('end', () => void setTimeout(() => to.end(), Number(ms)));
}

pass(process.stdin, socket);
pass(socket, process.stdout);
socket.on('error', () => process.exit(1));
socket.on('close', () => setTimeout(() => process.exit(), Number(ms) + 10));
