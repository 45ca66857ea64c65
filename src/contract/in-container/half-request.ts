export interface HalfRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** The whole request at once: the path itself is slow. Else the second half comes when the file `go` is there. */
  readonly whole: boolean;
  /** Files by which the two sides tell each other how far they are. */
  readonly sent: string;
  readonly go: string;
}

export interface HalfReply {
  /** 0: none. */
  readonly status: number;
  /** The answer came to its end. */
  readonly complete: boolean;
  /** The answer was there before the service had certainly been told to stop: it proves nothing. */
  readonly early: boolean;
}

/** Sends a request in two halves; between them the service is told to stop. Runs in a helper container. */
export async function halfRequest({host, port, path, whole, sent, go}: HalfRequest): Promise<HalfReply> {
  const {connect} = process.getBuiltinModule('node:net');
  const {existsSync, writeFileSync} = process.getBuiltinModule('node:fs');
  const {setTimeout: pause} = process.getBuiltinModule('node:timers/promises');
  let answer = '';
  const socket = connect({host, port});
  socket.setEncoding('latin1').on('data', (text) => (answer += text));
  // Without a listener an error would end the program; that it came to an end is what counts.
  socket.on('error', () => {});
  const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Second-Half: `;
  socket.write(whole ? `${head}none\r\n\r\n` : head);
  // Time for the service to take the connection from the kernel's queue and to begin with it.
  await pause(200);
  writeFileSync(sent, '');
  const limit = Date.now() + 15_000;
  while (!existsSync(go) && Date.now() < limit) await pause(20);
  const early = answer !== '';
  // A moment in which a service that drops what is open has dropped it.
  await pause(200);
  if (!whole && !socket.closed) socket.write('here\r\n\r\n');
  while (!socket.closed && Date.now() < limit) await pause(20);
  socket.destroy();
  const [, status = '0'] = /^HTTP\/1\.[01] (\d{3})/.exec(answer) ?? [];
  const [, headers = '', body = ''] = /^([^]*?)\r\n\r\n([^]*)$/.exec(answer) ?? [];
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(headers) ?? [];
  const chunked = /\r\ntransfer-encoding: *chunked/i.test(headers);
  const full = length === undefined ? !chunked || body.endsWith('0\r\n\r\n') : body.length >= Number(length);
  return {status: Number(status), complete: headers !== '' && full, early};
}
