import {type Endpoint, endpointOf, fluentdAddress, gelfAddress, httpAddress, syslogAddress} from './address.ts';
import {
  address,
  anyText,
  duration,
  hostFile,
  oneOf,
  pattern,
  positiveSize,
  template,
  text,
  truth,
  type ValueRule,
  wholeNumber,
} from './values.ts';

// Docker's log drivers and their options.
// @see https://docs.docker.com/engine/logging/configure/#supported-logging-drivers

export type LogOptionValues = Readonly<Record<string, string>>;

/** A log driver with its options. */
export interface LogDriverSettings {
  readonly driver: string;
  readonly options?: LogOptionValues | undefined;
}

/** A log driver of Docker's own. */
export interface LogDriver {
  readonly options: Readonly<Record<string, ValueRule>>;
  /** Those of its options that are secrets. Default: none. */
  readonly secrets?: readonly string[];
  /** Rules across options: the option at fault, and the end of a sentence about it. Default: none. */
  readonly together?: (options: LogOptionValues) => readonly (readonly [name: string, message: string])[];
  /** The endpoint without which no container starts, if the options name it: the engine's daemon.json can, too. */
  readonly required?: (options: LogOptionValues) => Endpoint | undefined;
  /** It starts whatever the network does: the lines stay on the host, or nowhere. Default false. */
  readonly isLocal?: boolean;
}

const extra = {env: text, 'env-regex': pattern, labels: text, 'labels-regex': pattern};
const tag = {tag: template};
// Docker keeps a copy of what goes elsewhere, for `docker logs`. @see https://docs.docker.com/engine/logging/dual-logging/
const copy = {
  'cache-disabled': truth,
  'cache-max-size': positiveSize,
  'cache-max-file': wholeNumber(1),
  'cache-compress': truth,
};
const delivery = {mode: oneOf('blocking', 'non-blocking'), 'max-buffer-size': positiveSize};

const isTrue = (value: string | undefined): boolean => value !== undefined && /^(?:1|t|true)$/i.test(value);

/** The rules that every driver has. */
export const everyDriver = (options: LogOptionValues): (readonly [string, string])[] =>
  options['max-buffer-size'] !== undefined && options['mode'] !== 'non-blocking'
    ? [['max-buffer-size', 'needs mode: non-blocking, which alone has a buffer']]
    : [];

const facilities =
  'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp local0 local1 local2 local3 local4 local5 local6 local7'.split(
    ' ',
  );
const facility: ValueRule = (value) =>
  facilities.includes(value) || wholeNumber(0, 23)(value) === undefined
    ? undefined
    : oneOf(...facilities)(value)?.replace(/^must be/, 'must be a number from 0 to 23,');

const syslogTls = ['syslog-tls-ca-cert', 'syslog-tls-cert', 'syslog-tls-key', 'syslog-tls-skip-verify'];

function syslogTogether(options: LogOptionValues): (readonly [string, string])[] {
  const endpoint = endpointOf(options['syslog-address'] ?? '', syslogAddress);
  const isTls = endpoint === undefined ? options['syslog-address'] !== undefined : endpoint.kind === 'tls';
  const given = syslogTls.filter((name) => options[name] !== undefined);
  const [cert, key] = [options['syslog-tls-cert'], options['syslog-tls-key']];
  return [
    ...(isTls ? [] : given.map((name) => [name, 'needs a syslog-address that begins with tcp+tls://'] as const)),
    ...(isTls && (cert === undefined) !== (key === undefined)
      ? [
          cert === undefined
            ? (['syslog-tls-key', 'needs syslog-tls-cert'] as const)
            : (['syslog-tls-cert', 'needs syslog-tls-key'] as const),
        ]
      : []),
  ];
}

// The driver looks only whether the option is there.
const skipVerify: ValueRule = (value) =>
  truth(value) ??
  (isTrue(value) ? undefined : 'switches the verification off whatever its value is: leave it out to verify');

const only = (
  options: LogOptionValues,
  names: readonly string[],
  kind: Endpoint['kind'],
  message: string,
): (readonly [string, string])[] => {
  const endpoint = endpointOf(options['gelf-address'] ?? '', gelfAddress);
  return endpoint === undefined || endpoint.kind === kind
    ? []
    : names.filter((name) => options[name] !== undefined).map((name) => [name, message]);
};

/** UDP has no connection that could fail. */
const connected = (endpoint: Endpoint | undefined): Endpoint | undefined =>
  endpoint?.kind === 'udp' ? undefined : endpoint;

const remote = {...copy, ...delivery};

/** By name. What is not here is a plugin. */
export const logDrivers: Readonly<Record<string, LogDriver>> = {
  'json-file': {
    isLocal: true,
    options: {
      ...delivery,
      ...extra,
      ...tag,
      'max-size': positiveSize,
      'max-file': wholeNumber(1),
      compress: truth,
    },
    together: (options) => [
      ...(options['max-file'] !== undefined && options['max-size'] === undefined
        ? [['max-file', 'needs max-size: without it, the first file grows forever'] as const]
        : []),
      ...(isTrue(options['compress']) && (options['max-size'] === undefined || Number(options['max-file'] ?? 1) < 2)
        ? [['compress', 'needs max-size, and a max-file of at least 2'] as const]
        : []),
    ],
  },
  local: {
    isLocal: true,
    options: {...delivery, 'max-size': positiveSize, 'max-file': wholeNumber(1), compress: truth},
  },
  syslog: {
    options: {
      ...remote,
      ...extra,
      ...tag,
      'syslog-address': address(syslogAddress),
      'syslog-facility': facility,
      'syslog-format': oneOf('rfc3164', 'rfc5424', 'rfc5424micro'),
      'syslog-tls-ca-cert': hostFile,
      'syslog-tls-cert': hostFile,
      'syslog-tls-key': hostFile,
      'syslog-tls-skip-verify': skipVerify,
    },
    together: syslogTogether,
    required: (options) => connected(endpointOf(options['syslog-address'] ?? '', syslogAddress)),
  },
  splunk: {
    secrets: ['splunk-token'],
    options: {
      ...remote,
      ...extra,
      // An empty one leaves it out.
      tag: template,
      'splunk-token': text,
      'splunk-url': address(httpAddress),
      'splunk-source': text,
      'splunk-sourcetype': text,
      'splunk-index': text,
      'splunk-capath': hostFile,
      'splunk-caname': text,
      'splunk-insecureskipverify': truth,
      'splunk-format': oneOf('inline', 'json', 'raw'),
      'splunk-verify-connection': truth,
      'splunk-gzip': truth,
      'splunk-gzip-level': wholeNumber(-1, 9),
      'splunk-index-acknowledgment': truth,
    },
    required: (options) =>
      options['splunk-verify-connection'] === undefined || isTrue(options['splunk-verify-connection'])
        ? endpointOf(options['splunk-url'] ?? '', httpAddress)
        : undefined,
  },
  journald: {
    options: {...delivery, ...extra, ...tag},
  },
  fluentd: {
    options: {
      ...remote,
      ...extra,
      ...tag,
      'fluentd-address': address(fluentdAddress),
      'fluentd-async': truth,
      'fluentd-async-connect': () => 'is fluentd-async since Docker 20.10, and gone since 28',
      'fluentd-async-reconnect-interval': duration(0.1, 10, 'from 100ms to 10s, or 0'),
      'fluentd-buffer-limit': positiveSize,
      'fluentd-max-retries': wholeNumber(0, 4_294_967_295),
      'fluentd-request-ack': truth,
      'fluentd-retry-wait': duration(),
      'fluentd-sub-second-precision': truth,
      'fluentd-write-timeout': duration(),
      'fluentd-read-timeout': duration(),
    },
    required: (options) =>
      isTrue(options['fluentd-async']) ? undefined : endpointOf(options['fluentd-address'] ?? '', fluentdAddress),
  },
  gelf: {
    options: {
      ...remote,
      ...extra,
      ...tag,
      'gelf-address': address(gelfAddress),
      'gelf-compression-type': oneOf('gzip', 'zlib', 'none'),
      'gelf-compression-level': wholeNumber(-1, 9),
      'gelf-tcp-max-reconnect': wholeNumber(0),
      'gelf-tcp-reconnect-delay': wholeNumber(0),
    },
    together: (options) => [
      ...only(options, ['gelf-compression-type', 'gelf-compression-level'], 'udp', 'is for udp:// only'),
      ...only(options, ['gelf-tcp-max-reconnect', 'gelf-tcp-reconnect-delay'], 'tcp', 'is for tcp:// only'),
    ],
    required: (options) => connected(endpointOf(options['gelf-address'] ?? '', gelfAddress)),
  },
  awslogs: {
    options: {
      ...remote,
      ...tag,
      'awslogs-region': (value) =>
        /^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(value) ? undefined : 'must be a region such as eu-central-1',
      'awslogs-endpoint': (value) =>
        /^https?:\/\/[^\s/?#@]+\/?$/.test(value)
          ? undefined
          : 'is no address, such as https://logs.eu-central-1.amazonaws.com',
      'awslogs-group': text,
      'awslogs-stream': (value) =>
        /^[^:*\s][^:*]*$/.test(value) ? undefined : 'must be the name of a stream, without colons and asterisks',
      'awslogs-create-group': truth,
      'awslogs-create-stream': truth,
      'awslogs-datetime-format': text,
      'awslogs-multiline-pattern': pattern,
      'awslogs-credentials-endpoint': (value) =>
        /^\/\S+$/.test(value) ? undefined : 'must be a path that begins with /',
      'awslogs-force-flush-interval-seconds': wholeNumber(1),
      'awslogs-max-buffered-events': wholeNumber(1),
      'awslogs-format': oneOf('json/emf'),
    },
    together: (options) => {
      const lines = ['awslogs-datetime-format', 'awslogs-multiline-pattern'].filter(
        (name) => options[name] !== undefined,
      );
      return [
        ...(lines.length === 2
          ? [['awslogs-multiline-pattern', 'cannot be beside awslogs-datetime-format'] as const]
          : []),
        ...(options['awslogs-format'] === undefined
          ? []
          : lines.map((name) => [name, 'cannot be beside awslogs-format'] as const)),
      ];
    },
  },
  gcplogs: {
    options: {
      ...remote,
      ...extra,
      'gcp-project': text,
      'gcp-log-cmd': truth,
      'gcp-meta-zone': text,
      'gcp-meta-name': text,
      'gcp-meta-id': anyText,
    },
  },
  none: {isLocal: true, options: {}},
};

/** The drivers that a deploy can fall back to. */
export const fallbackDrivers: readonly string[] = ['local', 'json-file', 'none'];

/**
 * The endpoint without which docker starts no container with these settings, if they name it.
 * @example
 * requiredEndpoint({driver: 'syslog', options: {'syslog-address': 'tcp://h'}}); // {kind: 'tcp', host: 'h', port: 514}
 */
export const requiredEndpoint = ({driver, options = {}}: LogDriverSettings): Endpoint | undefined =>
  logDrivers[driver]?.required?.(options);
