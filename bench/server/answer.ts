/** Finds the end of each response on a connection, one at a time. */
export interface AnswerReader {
  /** The status of the current response, or of the last one. */
  readonly status: number;
  /** Whether the connection can be reused. */
  readonly kept: boolean;
  /** Whether the current response has begun. */
  readonly begun: boolean;
  /** @returns whether the response is complete */
  read(this: void, bytes: Buffer): boolean;
  /** Call when the connection was closed. @returns whether that ends the response */
  end(this: void): boolean;
}

const blank = Buffer.from('\r\n\r\n');

/** Reads responses with a length, in chunks, or that end with their connection: no more of HTTP than a load needs. */
export function answerReader(): AnswerReader {
  let status = 0;
  let kept = true;
  let head: Buffer | undefined; // The received part of an incomplete head.
  let left = -1; // Missing bytes of the body; -1: in the head; -2: until the last chunk; -3: until the connection ends.
  let chunks = chunkReader();

  const body = (bytes: Buffer): boolean => {
    if (left >= 0) {
      left -= bytes.length;
      if (left > 0) return false;
      if (left < 0) kept = false; // More than declared: the connection cannot be reused.
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
        head = Buffer.from(all); // A copy: the read buffer is reused.
        return false;
      }
      head = undefined;
      const text = all.toString('latin1', 0, end);
      status = Number(text.slice(9, 12));
      // The default is close in HTTP/1.0, keep-alive in 1.1.
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

/** @returns a function that takes bytes and returns whether they contain the last chunk (without trailers) */
function chunkReader(): (bytes: Buffer) => boolean {
  let left = 0; // Missing bytes of a chunk and its line end.
  let size = ''; // The received part of the next chunk-size line.
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
