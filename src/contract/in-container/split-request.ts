export interface SplitRequestOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Send the whole request at once, to a slow path. False: send its second half when the file `go` exists. */
  readonly whole: boolean;
  /** A file that is created when the request, or its first half, is on its way. */
  readonly sent: string;
  /** A file that the caller creates when the service has received the stop signal. */
  readonly go: string;
}

export interface SplitReply {
  /** 0: no response. */
  readonly status: number;
  /** The response arrived whole. */
  readonly complete: boolean;
  /** The response began before the service was certain to have the stop signal: it proves nothing. */
  readonly early: boolean;
}

/** Sends a request in two halves, between which the service is stopped. Runs in a helper container. */
export async function splitRequest({
  host,
  port,
  path,
  headers: given,
  whole,
  sent,
  go,
}: SplitRequestOptions): Promise<SplitReply> {
  const {connect} = process.getBuiltinModule('node:net');
  const {existsSync, writeFileSync} = process.getBuiltinModule('node:fs');
  const {setTimeout: pause} = process.getBuiltinModule('node:timers/promises');
  let response = '';
  const socket = connect({host, port});
  socket.setEncoding('latin1').on('data', (text) => (response += text));
  // An error without a listener would end the program; the reply shows a broken connection anyway.
  socket.on('error', () => {});
  const fields = Object.entries({host: 'localhost', ...given}).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `GET ${path} HTTP/1.1\r\n${fields.join('')}Connection: close\r\nX-Second-Half: `;
  socket.write(whole ? `${head}none\r\n\r\n` : head);
  // Gives the service time to accept the connection and to start handling it.
  await pause(200);
  writeFileSync(sent, '');
  const limit = Date.now() + 15_000;
  while (!existsSync(go) && Date.now() < limit) await pause(20);
  const early = response !== '';
  // A service that drops open connections at the signal has dropped this one by then.
  await pause(200);
  if (!whole && !socket.closed) socket.write('here\r\n\r\n');
  while (!socket.closed && Date.now() < limit) await pause(20);
  socket.destroy();
  const [, status = '0'] = /^HTTP\/1\.[01] (\d{3})/.exec(response) ?? [];
  const [, headers = '', body = ''] = /^([^]*?)\r\n\r\n([^]*)$/.exec(response) ?? [];
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(headers) ?? [];
  const chunked = /\r\ntransfer-encoding: *chunked/i.test(headers);
  const full = length === undefined ? !chunked || body.endsWith('0\r\n\r\n') : body.length >= Number(length);
  return {status: Number(status), complete: headers !== '' && full, early};
}
