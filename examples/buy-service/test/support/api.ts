/** A response of the service, with its parsed body. */
export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

export interface ErrorBody {
  readonly error: {readonly code: string; readonly message: string};
}

/** Base URL of the running service, from BASE_URL. */
export function baseUrl(): string {
  const url = process.env['BASE_URL'];
  if (!url) throw new Error('BASE_URL is not set\nfix: BASE_URL=http://127.0.0.1:3000');
  return url.replace(/\/$/, '');
}

export async function get<Body>(path: string, headers: Record<string, string> = {}): Promise<Answer<Body>> {
  return answer(await fetch(baseUrl() + path, {headers, signal: AbortSignal.timeout(15_000)}));
}

export async function post<Body>(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer<Body>> {
  return answer(
    await fetch(baseUrl() + path, {
      method: 'POST',
      headers: {'content-type': 'application/json', ...headers},
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    }),
  );
}

async function answer<Body>(response: Response): Promise<Answer<Body>> {
  return {status: response.status, headers: response.headers, body: (await response.json()) as Body};
}
