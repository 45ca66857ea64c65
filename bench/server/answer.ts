/** Finds the end of the one answer at a time that a connection brings. */
export interface AnswerReader {
  /** Of the answer that is read, or was read last. */
  readonly status: number;
  /** May the connection be used again? */
  readonly kept: boolean;
  /** Has the answer that is read begun? */
  readonly begun: boolean;
  /** @returns whether the answer is whole now */
  read(this: void, bytes: Buffer): boolean;
  /** The connection was closed. @returns whether that is the end that the answer has */
  end(this: void): boolean;
}

const blank = Buffer.from('\r\n\r\n');
const lastChunk = '0\r\n\r\n';

/** An answer that has a length, comes in chunks, or ends with its connection: no more of HTTP than a load needs. */
export function answerReader(): AnswerReader {
  let status = 0;
  let kept = true;
  let head: Buffer | undefined; // What has come of a head that is not whole.
  let left = -1; // Bytes of the body that are missing; -1: the head is; -2: until the last chunk; -3: until the end.
  let tail = '';

  const body = (bytes: Buffer): boolean => {
    if (left >= 0) {
      left -= bytes.length;
      if (left > 0) return false;
      if (left < 0) kept = false; // More than was announced: whoever uses that again is confused.
      left = -1;
      return true;
    }
    if (left === -3) return false;
    tail = (tail + bytes.toString('latin1')).slice(-lastChunk.length - 2);
    if (!tail.endsWith(lastChunk)) return false;
    tail = '';
    left = -1;
    return true;
  };

  return {
    get status() {
      return status;
    },
    get kept() {
      return kept;
    },
    get begun() {
      return head !== undefined || left !== -1;
    },
    read: (bytes) => {
      if (left !== -1) return body(bytes);
      const all: Buffer = head === undefined ? bytes : Buffer.concat([head, bytes]);
      const end = all.indexOf(blank);
      if (end === -1) {
        head = Buffer.from(all); // A copy: the reader's buffer is used again.
        return false;
      }
      head = undefined;
      const text = all.toString('latin1', 0, end);
      status = Number(text.slice(9, 12));
      // 1.0 closes unless it says otherwise, 1.1 the other way round.
      kept = text.charCodeAt(7) === 0x31 ? !/\r\nconnection: close/i.test(text) : /\r\nconnection: keep-alive/i.test(text);
      const length = /\r\ncontent-length: (\d+)/i.exec(text);
      if (length !== null) left = Number(length[1]);
      else if (/\r\ntransfer-encoding: chunked/i.test(text)) left = -2;
      else if (status === 204 || status === 304) left = 0;
      else {
        left = -3;
        kept = false;
      }
      return body(all.subarray(end + 4));
    },
    end: () => {
      const whole = left === -3;
      if (whole) left = -1;
      return whole;
    },
  };
}
