import {sshText} from '../commands/destination.ts';
import {onEngine} from '../commands/engine.ts';
import {exitCode, isProblem, type Problem, problem} from '../errors.ts';
import type {Context} from '../task.ts';

/**
 * Checks that the Docker engine answers, for a task that would otherwise fail late. Returns its platform: `linux/amd64`.
 * @param host an ssh destination whose engine is asked. Default: the engine of this machine
 * @throws Problem `engine_unavailable` (exit code 69): not running, no permission, another API version, Podman, or no client
 * @example
 * await requireEngine(context);
 */
export async function requireEngine({run}: Pick<Context, 'run'>, host?: string): Promise<string> {
  const components = [
    'docker',
    'version',
    '--format',
    '{{.Server.Os}}/{{.Server.Arch}} {{range .Server.Components}}{{.Name}} {{end}}',
  ];
  const found = await run
    .read(onEngine(components, host), {allow: [1, 125], timeoutSeconds: 60})
    .catch((error: unknown) => {
      // An engine can accept connections and answer none.
      throw isProblem(error) && error.exitCode === exitCode.timedOut ? engineProblem(error.message, host) : error;
    });
  if (found.exitCode !== 0) throw engineProblem(found.stderr, host);
  if (/podman/i.test(found.stdout)) throw engineProblem(podmanMark, host);
  return /^\w+\/\w+/.exec(found.stdout)?.[0] ?? '';
}

/** What the query of a host prints where Podman answers for Docker. */
export const podmanMark = 'entrypoint: podman answers';
/** The same where an engine runs without root, and the client asks another. */
export const rootlessMark = 'entrypoint: a rootless engine runs';

interface EngineFailure {
  /** Matches the client's standard error. */
  readonly pattern: RegExp;
  /** @param of ` of deploy@h1`; empty for the engine of this machine */
  readonly what: (of: string) => string;
  readonly fix: (host: string | undefined) => string;
}

const there = (host: string | undefined, command: string): string =>
  host === undefined ? command : `${sshText(host)} ${command}`;

const engineFailures: readonly EngineFailure[] = [
  {
    // Of a client that reaches the engine by ssh: `command [ssh -l jo -- h1 docker system dial-stdio] has exited with ...`.
    pattern: /command \[ssh .*exit status 255/,
    what: (of) => `ssh cannot log in to reach the engine${of}`,
    fix: (host) =>
      host === undefined
        ? 'correct DOCKER_HOST, or the key and the host of ssh: no password is asked for'
        : `correct the key and the host of ssh (no password is asked for) until this answers: ${sshText(host)} docker version`,
  },
  {
    pattern: /podman/i,
    what: (of) =>
      `Podman is not supported, and it answers in place of the Docker engine${of}: locks and updates need Docker`,
    fix: () =>
      'install Docker (Debian, Ubuntu: apt-get install docker.io), and remove podman-docker, or the DOCKER_HOST or docker context that leads to Podman',
  },
  {
    pattern: /client version \S+ is too (?:new|old)|API version/i,
    what: (of) => `the docker client and the engine${of} have no API version in common`,
    fix: () => 'unset DOCKER_API_VERSION if it is set; otherwise update the older of the two',
  },
  {
    pattern: /permission denied/i,
    what: (of) => `no permission to use the Docker socket${of}`,
    fix: (host) =>
      host === undefined
        ? 'add the user to the group of the socket (sudo usermod -aG docker "$USER", then log in again)'
        : `add the user to the socket's group: ${sshText(host).replace('ssh', 'ssh -t')} 'sudo usermod -aG docker "$USER"'; then try again after a minute, in a new login. Docker is never run through sudo`,
  },
  {
    pattern: new RegExp(rootlessMark),
    what: (of) =>
      `${of.replace(' of ', '') || 'this machine'} runs a rootless engine, but its docker client uses another`,
    fix: (host) => `choose it once: ${there(host, 'docker context use rootless')}`,
  },
  {
    pattern: /context "?[^"]*"?.*not found|docker endpoint|unable to parse docker host/i,
    what: (of) => `the docker client${of.replace(' of', ' on')} does not know which engine to ask`,
    fix: (host) => `correct DOCKER_HOST and DOCKER_CONTEXT, or: ${there(host, 'docker context use default')}`,
  },
  {
    pattern: /x509|certificate|tls:|HTTP request to an HTTPS server/i,
    what: (of) => `the docker client does not trust the engine${of}, or that does not trust the client`,
    fix: () => 'correct DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH',
  },
  {
    // A socket that is missing is `no such file`, and a program that is missing `not found`.
    pattern: /^(?!.*(?:daemon|sock)).*not found/is,
    what: (of) => `no docker client${of.replace(' of', ' on')}`,
    fix: (host) =>
      host === undefined
        ? 'install Docker (Debian, Ubuntu: apt-get install docker.io)'
        : 'install Docker there; a client is looked for on PATH and in /usr/local/bin, /snap/bin and ~/bin',
  },
];

const down: Omit<EngineFailure, 'pattern'> = {
  what: (of) => `the Docker engine${of} does not answer`,
  fix: (host) =>
    host === undefined
      ? 'start it (systemctl start docker, or dockerd), or set DOCKER_HOST; in a container: -v /var/run/docker.sock:/var/run/docker.sock'
      : `start it there: ${sshText(host).replace('ssh', 'ssh -t')} sudo systemctl start docker`,
};

/** The error for an engine that did not answer, on this machine or on `host`, from the client's standard error. */
export function engineProblem(stderr: string, host?: string): Problem {
  const {what, fix} = engineFailures.find(({pattern}) => pattern.test(stderr)) ?? down;
  return problem({
    code: 'engine_unavailable',
    what: what(host === undefined ? '' : ` of ${host}`),
    details: stderr
      .trim()
      .split('\n')
      .filter((line) => line !== '' && line !== podmanMark && line !== rootlessMark)
      .slice(-2),
    fix: fix(host),
    exitCode: exitCode.unavailable,
  });
}
