export interface Question {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** How long to go on asking. 0: once. */
  readonly seconds: number;
  /** What is asked for; without it any status below 500. */
  readonly status: number | undefined;
}

export interface Reply {
  readonly ok: boolean;
  /** 0: none. */
  readonly status: number;
  /** The error's code where there was no answer. */
  readonly error: string;
}

/** Asks by HTTP until the answer is the one that is asked for, or the time is over. Runs in a helper container. */
export async function ask(question: Question): Promise<Reply> {
  const {request} = process.getBuiltinModule('node:http');
  const {host, port, path, seconds, status} = question;
  const once = (): Promise<Reply> =>
    new Promise((resolve) => {
      const asked = request(
        {host, port, path, timeout: 5000, headers: {host: 'localhost', connection: 'close'}},
        (answer) => {
          answer.resume();
          const code = answer.statusCode ?? 0;
          answer.once('close', () =>
            resolve({ok: status === undefined ? code < 500 : code === status, status: code, error: ''}),
          );
        },
      );
      asked.once('timeout', () => asked.destroy(Object.assign(new Error('no answer'), {code: 'ETIMEDOUT'})));
      asked.once('error', (error: NodeJS.ErrnoException) =>
        resolve({ok: false, status: 0, error: error.code ?? error.message}),
      );
      asked.end();
    });
  for (const end = Date.now() + seconds * 1000; ;) {
    const reply = await once();
    if (reply.ok || Date.now() >= end) return reply;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
