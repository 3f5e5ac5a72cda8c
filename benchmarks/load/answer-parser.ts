/**
 * The smallest HTTP/1.1 answer parser that a load generator needs: status and body, by `Content-Length` or chunked.
 *
 * It assumes a well-behaved server on loopback and throws on anything else; the fast path (one whole answer in one
 * read) copies nothing.
 */

/** Receives one whole answer. `bytes` is only valid during the call. */
export type AnswerListener = (status: number, bytes: Buffer, bodyStart: number, bodyEnd: number) => void;

export interface AnswerParser {
  /** Takes `length` bytes from the start of `bytes`. */
  feed(bytes: Buffer, length: number): void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const INCOMPLETE = -1;

export function createAnswerParser(onAnswer: AnswerListener): AnswerParser {
  let held = Buffer.allocUnsafe(16 * 1024);
  let heldLength = 0;

  function feed(bytes: Buffer, length: number): void {
    if (heldLength === 0) {
      const used = takeAnswers(bytes, length, onAnswer);
      if (used < length) hold(bytes, used, length);
      return;
    }
    hold(bytes, 0, length);
    const used = takeAnswers(held, heldLength, onAnswer);
    if (used > 0) {
      held.copyWithin(0, used, heldLength);
      heldLength -= used;
    }
  }

  function hold(bytes: Buffer, from: number, to: number): void {
    const needed = heldLength + to - from;
    if (needed > held.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, held.length * 2));
      held.copy(larger, 0, 0, heldLength);
      held = larger;
    }
    bytes.copy(held, heldLength, from, to);
    heldLength = needed;
  }

  return { feed };
}

/** Hands over every whole answer; returns how many bytes they took. */
function takeAnswers(bytes: Buffer, length: number, onAnswer: AnswerListener): number {
  let start = 0;
  while (start < length) {
    const headEnd = bytes.indexOf(HEAD_END, start);
    if (headEnd === INCOMPLETE || headEnd + 4 > length) break;
    const status = Number(bytes.toString('latin1', start + 9, start + 12));
    const head = bytes.toString('latin1', start + 12, headEnd).toLowerCase();
    const bodyStart = headEnd + 4;
    const lengthAt = head.indexOf('\r\ncontent-length:');
    if (lengthAt !== -1) {
      const bodyEnd = bodyStart + Number.parseInt(head.slice(lengthAt + 17, lengthAt + 37), 10);
      if (bodyEnd > length) break;
      onAnswer(status, bytes, bodyStart, bodyEnd);
      start = bodyEnd;
    } else if (head.includes('\r\ntransfer-encoding: chunked')) {
      const end = chunkedEnd(bytes, bodyStart, length);
      if (end === INCOMPLETE) break;
      const body = joinChunks(bytes, bodyStart);
      onAnswer(status, body, 0, body.length);
      start = end;
    } else {
      throw new Error(`an answer with neither Content-Length nor chunks: ${head.slice(0, 200)}`);
    }
  }
  return start;
}

/** Where a chunked body ends (RFC 9112 §7.1), without trailers; or `INCOMPLETE`. */
function chunkedEnd(bytes: Buffer, from: number, length: number): number {
  let at = from;
  while (at < length) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    if (lineEnd === INCOMPLETE || lineEnd + 2 > length) return INCOMPLETE;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    at = lineEnd + 2 + size + 2;
    if (size === 0) return at <= length ? at : INCOMPLETE;
  }
  return INCOMPLETE;
}

function joinChunks(bytes: Buffer, from: number): Buffer {
  const parts: Buffer[] = [];
  let at = from;
  for (;;) {
    const lineEnd = bytes.indexOf(LINE_END, at);
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (size === 0) break;
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
