import {type Command, quote, wordsText} from '../shell/argv.ts';
import {type ContainerOptions, dockerRun} from './docker/index.ts';

// Whether the endpoint of a log driver answers, asked from where the engine asks: with the network of its machine. The
// drivers themselves connect without a time limit. A packet that a firewall drops holds them for two minutes, in which
// the engine neither starts the container nor removes it.

/** An endpoint that is connected to. */
export interface ConnectedEndpoint {
  readonly kind: 'tcp' | 'tls' | 'http' | 'https';
  readonly host: string;
  readonly port: number;
}

/** How long an endpoint can take to answer. */
export const probeSeconds = 5;

/** The exit code of a probe whose endpoint is down: that of a service that is not available. */
export const downCode = 69;

// A refused handshake or any status is an answer: what is wrong with it, the driver says itself at once.
// Without single quotation marks, which a shell would have to double.
const program = `
const {isIP, connect} = require("net");
const {argv, exit, stderr} = process;
const [kind, host, port] = argv.slice(1);
const end = (code, text) => stderr.write(text, () => exit(code));
const down = (why) => end(${downCode}, "log endpoint " + host + ":" + port + " " + why + "\\n");
setTimeout(() => down("does not answer within ${probeSeconds} s"), ${probeSeconds * 1000});
const to = {host, port: Number(port), servername: isIP(host) ? "" : host, rejectUnauthorized: false};
const secure = kind === "tls" || kind === "https";
const socket = secure ? require("tls").connect(to) : connect(to);
socket.on(secure ? "secureConnect" : "connect", () => {
  if (!kind.startsWith("http")) return end(0, "");
  socket.write("OPTIONS /services/collector/event/1.0 HTTP/1.1\\r\\nHost: " + host + "\\r\\nConnection: close\\r\\n\\r\\n");
});
socket.on("data", () => end(0, ""));
socket.on("end", () => down("closes the connection"));
socket.on("error", ({code, message}) => /SSL|TLS|EPROTO/.test(code) ? end(0, "") : down("is down: " + message));
`
  .trim()
  .replaceAll(/\n\s*/g, ' ');

/**
 * Asks an endpoint in a container of the service's own image. Exits with {@link downCode} and a line on the standard error
 * if it is down; succeeds where that cannot be asked: in an image without Node, and behind a proxy of the engine.
 * @param kept a container that stays, with the result as its exit code and its log. Default: none stays
 */
export function probeEndpoint(
  {kind, host, port}: ConnectedEndpoint,
  image: string,
  kept?: Required<Pick<ContainerOptions, 'name' | 'labels'>>,
): Command {
  const {words} = dockerRun(
    {
      image,
      ...kept,
      network: 'host',
      // Also the engine's own log driver can have an endpoint.
      log: kept === undefined ? {driver: 'none'} : {driver: 'json-file', options: {'max-size': '10k'}},
      entrypoint: 'sh',
      // Where the users of containers are not those of the machine, they have no access to its network.
      options: ['--userns', 'host', '--no-healthcheck'],
      command: [
        '-c',
        'PATH=$PATH:/usr/local/lib/entrypoint/bin exec node -e "$@"',
        'sh',
        program,
        kind,
        host,
        String(port),
      ],
    },
    kept === undefined ? 'foreground' : 'kept',
  );
  const isProxied = `[ -n "$(docker info --format '{{.HTTPProxy}}{{.HTTPSProxy}}')" ] || `;
  const allowed = kept === undefined ? '127' : `127 | ${downCode}`;
  return {
    words: [
      'sh',
      '-c',
      `${kind.startsWith('http') ? isProxied : ''}${wordsText(words)} || { r=$?; case $r in ${allowed}) ;; *) exit "$r" ;; esac; }`,
    ],
  };
}

/** How long docker can take to start a container whose endpoint answers. */
const startSeconds = 10;

/**
 * Starts a container that does nothing with a log driver, and removes it. Ends with {@link downCode} after a time limit:
 * the engine then goes on to connect, and removes the container when it gives up.
 * @param create shell text that creates the container and sets `id`
 */
export const startTest = (create: string, driver: string): string =>
  [
    create,
    `r=0; timeout -s KILL ${startSeconds} docker start --attach "$id" >/dev/null || r=$?`,
    `case $r in 124 | 137) (docker rm --force --volumes "$id" >/dev/null 2>&1 </dev/null &); echo ${quote(`docker has not started a container with the log driver ${driver} within ${startSeconds} s`)} >&2; exit ${downCode} ;; esac`,
    'docker rm --force --volumes "$id" >/dev/null; [ "$r" = 0 ] || exit "$r"',
  ].join('; ');
