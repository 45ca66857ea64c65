import {nearest} from '../../text/nearest.ts';
import {endpointText} from './address.ts';
import type {LogSettings} from './check.ts';
import {logDrivers, requiredEndpoint} from './drivers.ts';
import {bytesOf} from './values.ts';

// What `log` of deploy.yaml says that docker accepts, and that loses lines or blocks a start.

/** At 1 MiB, Docker's default, a quarter of 200,000 lines arrived at a receiver that worked. */
const smallBuffer = 4 * 2 ** 20;

/** A warning, at a path below `log`. */
export interface LogWarning {
  readonly path: readonly string[];
  readonly text: string;
}

/** What loses lines or blocks a start, and what could not be checked. */
export function logWarnings(log: LogSettings & {readonly fallback?: unknown}): LogWarning[] {
  const {driver: name, options = {}, fallback} = log;
  const endpoint = requiredEndpoint(log);
  const buffer = bytesOf(options['max-buffer-size'] ?? '1m') ?? 0;
  const near = nearest(name, Object.keys(logDrivers));
  return [
    ...(logDrivers[name] !== undefined
      ? []
      : [
          {
            path: ['driver'],
            text: `${name} is no log driver of Docker's own: it is passed on as a plugin, with options that are not checked${near === undefined ? '' : `; did you mean ${near}?`}`,
          },
        ]),
    ...(options['mode'] === 'non-blocking' && buffer < smallBuffer
      ? [
          {
            path: ['options', options['max-buffer-size'] === undefined ? 'mode' : 'max-buffer-size'],
            text: `mode: non-blocking with a buffer of ${options['max-buffer-size'] ?? '1m, the default,'} loses lines uncounted while the service writes faster than the driver; max-buffer-size: 16m holds more`,
          },
        ]
      : []),
    ...(name === 'json-file' && options['max-size'] === undefined
      ? [
          {
            path: ['driver'],
            text: "json-file without max-size fills the disk of the host, unless the engine's daemon.json sets one: options: {max-size: 10m, max-file: '3'}",
          },
        ]
      : []),
    ...(name === 'splunk' && /^(?:0|f|false)$/i.test(options['splunk-verify-connection'] ?? '')
      ? [
          {
            path: ['options', 'splunk-verify-connection'],
            text: 'splunk-verify-connection: false starts without Splunk: what it refuses, such as a wrong token, is only in the log of the engine, and the lines are lost',
          },
        ]
      : []),
    ...(endpoint === undefined
      ? []
      : [
          {
            path: ['driver'],
            text: `while ${endpointText(endpoint)} is down, docker starts no container with the log driver ${name}: not after a crash or a reboot either${fallback === undefined ? '; a deploy is refused, unless log.fallback names a driver' : ''}`,
          },
        ]),
  ];
}
