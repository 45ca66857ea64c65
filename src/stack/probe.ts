import type {HealthCheck} from '../service/schema/health-check.ts';

/** One question to a service. */
export interface ProbeOptions {
  readonly host: string;
  readonly port: number;
  /** Of a command only the connection is tried: it needs the container. */
  readonly check: HealthCheck;
  /** Retry until this many seconds have passed. 0: one attempt. */
  readonly seconds: number;
}

/** What a service answered. */
export interface Reply {
  /** The answer is what the check expects. */
  readonly ok: boolean;
  /** 0: no response. */
  readonly status: number;
  /** The error's code if there was no response, or what the response lacks. */
  readonly error: string;
}

/**
 * Asks a service until its answer is the expected one, or the time is up. Self-contained: `check` passes its source text
 * to a container (src/contract/in-container).
 */
export async function probeService({host, port, check, seconds}: ProbeOptions): Promise<Reply> {
  const {request} = process.getBuiltinModule('node:http');
  const {connect} = process.getBuiltinModule('node:net');
  const connection = (): Promise<Reply> =>
    new Promise((resolve) => {
      const socket = connect({host, port, timeout: 5000});
      const end = (reply: Reply): void => {
        socket.destroy();
        resolve(reply);
      };
      socket.once('connect', () => end({ok: true, status: 0, error: ''}));
      socket.once('timeout', () => end({ok: false, status: 0, error: 'ETIMEDOUT'}));
      socket.once('error', (error: NodeJS.ErrnoException) =>
        end({ok: false, status: 0, error: error.code ?? error.message}),
      );
    });
  const exchange = (http: Extract<HealthCheck, {kind: 'http'}>): Promise<Reply> =>
    new Promise((resolve) => {
      const headers = {host: 'localhost', ...http.headers, connection: 'close'};
      const sent = request({host, port, path: http.path, timeout: 5000, headers}, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          if (body.length < 16_384) body += text;
        });
        response.once('close', () => {
          const status = response.statusCode ?? 0;
          const expected = http.status.split(',').some((part) => {
            const [first = '', last = first] = part.split('-');
            return status >= Number(first) && status <= Number(last);
          });
          const wrong = Object.entries(http.answer).find(
            ([name, pattern]) => !new RegExp(pattern).test(String(response.headers[name] ?? '')),
          );
          const error = !expected
            ? ''
            : wrong !== undefined
              ? `its header ${wrong[0]} does not match ${wrong[1]}`
              : new RegExp(http.body).test(body)
                ? ''
                : `its body does not match ${http.body}`;
          resolve({ok: expected && error === '', status, error});
        });
      });
      sent.once('timeout', () => sent.destroy(Object.assign(new Error('no response'), {code: 'ETIMEDOUT'})));
      sent.once('error', (error: NodeJS.ErrnoException) =>
        resolve({ok: false, status: 0, error: error.code ?? error.message}),
      );
      sent.end();
    });
  for (const end = Date.now() + seconds * 1000; ;) {
    const reply = await (check.kind === 'http' ? exchange(check) : connection());
    if (reply.ok || Date.now() >= end) return reply;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A reply for people: `400`, `200, but its body does not match ok`, `connected`, `ECONNREFUSED`. */
export const replyText = ({ok, status, error}: Reply): string =>
  status === 0 ? error || (ok ? 'connected' : 'no answer') : error === '' ? String(status) : `${status}, but ${error}`;
