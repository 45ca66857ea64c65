import {type Agent as PlainAgent, type AgentOptions, request as plainRequest, type RequestOptions} from 'node:http';
import {type AgentOptions as SecureAgentOptions, request as secureRequest} from 'node:https';
import {proxyFor} from './proxy.ts';

// One HTTP request. Not by fetch: Node's takes neither a proxy, nor certificates for a single host, nor a client's.

/** How to reach a registry. */
export interface Access {
  readonly scheme: 'http' | 'https';
  /** Whether its certificate must be valid: not on this machine, nor where the engine has it as insecure. */
  readonly verify: boolean;
  /** Certificates in PEM to trust; undefined: those of Node. */
  readonly ca?: readonly string[] | undefined;
  /** The certificate and the key with which to authenticate. */
  readonly client?: {readonly cert: string; readonly key: string} | undefined;
}

export interface Question {
  readonly method?: 'GET' | 'PUT' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | undefined;
}

export interface HttpWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

const mostRedirects = 5;

/** Sends a request and reads the whole answer; follows redirects of a GET. Proxies are those of the environment. */
export async function send(
  url: URL,
  question: Question,
  access: Omit<Access, 'scheme'>,
  world: HttpWorld,
): Promise<Response> {
  let [at, headers] = [url, question.headers ?? {}];
  for (let redirects = 0; ; redirects += 1) {
    const answer = await sendOnce(at, {...question, headers}, access, world);
    const location = answer.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) return answer;
    if ((question.method ?? 'GET') !== 'GET' || redirects >= mostRedirects) return answer;
    const next = new URL(location, at);
    // The login is for the registry alone, and never for a connection that others can read.
    if (next.host !== at.host || next.protocol !== at.protocol) {
      const {authorization: _, ...others} = headers;
      headers = others;
    }
    at = next;
  }
}

function sendOnce(
  url: URL,
  {method = 'GET', headers = {}, body}: Question,
  access: Omit<Access, 'scheme'>,
  {env, signal}: HttpWorld,
): Promise<Response> {
  const agent = agentFor(url, access, proxyFor(url, env));
  const options: RequestOptions = {method, headers: {...headers, 'user-agent': 'entrypoint'}, signal, agent};
  return new Promise((resolve, reject) => {
    const asked = (url.protocol === 'https:' ? secureRequest : plainRequest)(url, options);
    asked.on('error', reject);
    asked.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const status = answer.statusCode ?? 500;
        const pairs = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        );
        const hasBody = ![204, 205, 304].includes(status);
        resolve(new Response(hasBody ? Buffer.concat(chunks) : null, {status, headers: pairs}));
      });
    });
    asked.end(body);
  });
}

/** One for all requests of an access: a login takes several, and a connection with TLS three round trips. */
const agents = new WeakMap<object, Map<string, PlainAgent>>();

function agentFor(url: URL, access: Omit<Access, 'scheme'>, proxy: string | undefined): PlainAgent {
  const own = agents.get(access) ?? new Map<string, PlainAgent>();
  agents.set(access, own);
  const key = `${url.protocol} ${proxy ?? ''}`;
  const {verify, ca, client} = access;
  // What is exempt was found above, by the rules of docker.
  const proxyEnv = proxy === undefined ? undefined : {HTTP_PROXY: proxy, HTTPS_PROXY: proxy};
  const options = {keepAlive: true, ...(proxyEnv === undefined ? {} : {proxyEnv})};
  const tls = {rejectUnauthorized: verify, ...(ca === undefined ? {} : {ca: [...ca]}), ...client};
  const agent = own.get(key) ?? newAgent(url, options, tls);
  own.set(key, agent);
  return agent;
}

/** Node's classes, loaded here: an import would load HTTP and TLS at every start of the command (scripts/lazy-builtins.ts). */
function newAgent({protocol}: URL, options: AgentOptions, tls: SecureAgentOptions): PlainAgent {
  if (protocol === 'http:') return new (process.getBuiltinModule('node:http').Agent)(options);
  return new (process.getBuiltinModule('node:https').Agent)({...options, ...tls});
}

/** Why a request failed, in a few words. */
export function networkText(error: unknown): string {
  // A name with several addresses fails with one error for each.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const text = first instanceof Error ? first.message || (first as NodeJS.ErrnoException).code : String(first);
  if (text === undefined || text === '') return 'connection refused';
  return /wrong version number|packet length too long|EPROTO/i.test(text)
    ? 'it does not speak TLS'
    : text.replace(/; if the root CA is.*$/, '');
}

/** Whether a request failed because the certificate of the server is not trusted. */
export const isCertificateError = (error: unknown): boolean =>
  /^(?:CERT_|ERR_TLS_CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(?:GET|VERIFY)_|INVALID_CA|HOSTNAME_MISMATCH)/.test(
    (error as NodeJS.ErrnoException | undefined)?.code ?? '',
  );
