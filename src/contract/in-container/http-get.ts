export interface GetOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Retry until this many seconds have passed. 0: one attempt. */
  readonly seconds: number;
  /** Expected status; undefined: any below 500. */
  readonly status: number | undefined;
}

export interface Reply {
  /** The status is the expected one. */
  readonly ok: boolean;
  /** 0: no response. */
  readonly status: number;
  /** The error's code if there was no response. */
  readonly error: string;
}

/** Sends GET requests until one gets the expected status or the time is up. Runs in a helper container. */
export async function httpGet(options: GetOptions): Promise<Reply> {
  const {request} = process.getBuiltinModule('node:http');
  const {host, port, path, seconds, status} = options;
  const attempt = (): Promise<Reply> =>
    new Promise((resolve) => {
      const sent = request(
        {host, port, path, timeout: 5000, headers: {host: 'localhost', connection: 'close'}},
        (response) => {
          response.resume();
          const code = response.statusCode ?? 0;
          response.once('close', () =>
            resolve({ok: status === undefined ? code < 500 : code === status, status: code, error: ''}),
          );
        },
      );
      sent.once('timeout', () => sent.destroy(Object.assign(new Error('no response'), {code: 'ETIMEDOUT'})));
      sent.once('error', (error: NodeJS.ErrnoException) =>
        resolve({ok: false, status: 0, error: error.code ?? error.message}),
      );
      sent.end();
    });
  for (const end = Date.now() + seconds * 1000; ;) {
    const reply = await attempt();
    if (reply.ok || Date.now() >= end) return reply;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
