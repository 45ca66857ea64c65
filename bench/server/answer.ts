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

/** An answer that has a length, comes in chunks, or ends with its connection: no more of HTTP than a load needs. */
export function answerReader(): AnswerReader {
  let status = 0;
  let kept = true;
  let head: Buffer | undefined; // What has come of a head that is not whole.
  let left = -1; // Bytes of the body that are missing; -1: the head is; -2: until the last chunk; -3: until the end.
  let chunks = chunkReader();

  const body = (bytes: Buffer): boolean => {
    if (left >= 0) {
      left -= bytes.length;
      if (left > 0) return false;
      if (left < 0) kept = false; // More than was announced: whoever uses that again is confused.
      left = -1;
      return true;
    }
    if (left === -3) return false;
    if (!chunks(bytes)) return false;
    chunks = chunkReader();
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
      kept =
        text.charCodeAt(7) === 0x31 ? !/\r\nconnection: close/i.test(text) : /\r\nconnection: keep-alive/i.test(text);
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

/** @returns a function that is given what comes, and says whether the last chunk (without trailers) was in it */
function chunkReader(): (bytes: Buffer) => boolean {
  let left = 0; // Bytes that are missing of a chunk and the line end behind it.
  let size = ''; // What has come of the line that tells the next one's size.
  return (bytes) => {
    for (let at = 0; at < bytes.length;) {
      if (left > 0) {
        const taken = Math.min(left, bytes.length - at);
        left -= taken;
        at += taken;
        if (left === 0 && size === 'last') return true;
      } else {
        const end = bytes.indexOf(0x0a, at);
        size += bytes.toString('latin1', at, end === -1 ? bytes.length : end);
        if (end === -1) return false;
        const length = Number.parseInt(size, 16);
        left = length + 2;
        size = length === 0 ? 'last' : '';
        at = end + 1;
      }
    }
    return false;
  };
}
