import type {Duplex} from 'node:stream';
import {onFirstWrite} from '../process/node-internals.ts';

/** The first bytes that a service wrote to an upgraded connection. */
export interface UpgradeAnswer {
  readonly status: number;
  /** Length of the head of the response, in bytes. */
  readonly headBytes: number;
}

/**
 * Calls `answered` with the response to an upgrade: node:http has no response object for it, the service writes to the
 * connection itself. Bytes that are no response count as 101, since the service has accepted.
 */
export function onUpgradeAnswer(stream: Duplex, answered: (answer: UpgradeAnswer) => void): void {
  onFirstWrite(stream, (chunk) =>
    answered(answerOf(typeof chunk === 'string' ? chunk : Buffer.from(chunk as Uint8Array).toString('latin1'))),
  );
}

function answerOf(text: string): UpgradeAnswer {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 101);
  const end = text.indexOf('\r\n\r\n');
  return {status, headBytes: end === -1 ? 0 : end + 4};
}
