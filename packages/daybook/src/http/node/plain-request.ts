/**
 * Recognises the requests that nearly every writer sends: a POST whose head and body came in one piece and leave nothing
 * to interpret. It reads a small part of HTTP/1.1 (RFC 9112) and is strict about it: whatever is unusual, ambiguous or
 * wrong is not recognised, and left to Node's own parser.
 */
import { sharedText } from '../shared-text.ts';

export interface PlainRequest {
  /** As it was sent; without a query. */
  readonly path: string;
  /** By lower-case name; none came twice. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the body begins and ends in the chunk; what comes behind belongs to the next request. */
  readonly bodyStart: number;
  readonly end: number;
}

/** Longer heads are left to Node; the smallest that `limits.maxHeaderBytes` can be. */
const MAX_HEAD_BYTES = 4_096;
const METHOD = 'POST ';
const VERSION = ' HTTP/1.1';
const LINE_END = '\r\n';
const HEAD_END = '\r\n\r\n';

/** No dot, because dots may have to be tidied, and no escape. */
const PATH = /^(?:\/[A-Za-z0-9_~-]+)+$/;
/** Fewer characters than RFC 9110 §5.1 allows, and all that occur. */
const NAME = /^[A-Za-z][A-Za-z0-9-]*$/;
/** RFC 9110 §5.5 without bytes beyond ASCII; the spaces around it belong to nobody. */
const VALUE = /^[\t\x20-\x7e]*$/;
const LENGTH = /^\d{1,6}$/;
/** Fields that most heads agree about. */
const ALIKE = new Set(['accept', 'content-type', 'host']);
/** Fields that change how the message is read or answered. */
const MEANT_FOR_NODE = new Set(['expect', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/** Reads the requests of one connection, most of which have the same head as the one before. */
export class PlainReader {
  #head = Buffer.alloc(0);
  #last: PlainRequest | undefined;

  /** @returns undefined for everything that Node is to look at. */
  read(chunk: Buffer): PlainRequest | undefined {
    const last = this.#last;
    // The length of the body is a part of the head.
    if (last !== undefined && last.end <= chunk.byteLength) {
      if (chunk.compare(this.#head, 0, last.bodyStart, 0, last.bodyStart) === 0) return last;
    }
    const request = readPlainRequest(chunk);
    this.#last = request;
    // A copy, so that the body is not kept with it.
    if (request !== undefined) this.#head = Buffer.from(chunk.subarray(0, request.bodyStart));
    return request;
  }
}

function readPlainRequest(chunk: Buffer): PlainRequest | undefined {
  const text = chunk.toString('latin1', 0, Math.min(chunk.byteLength, MAX_HEAD_BYTES));
  const headEnd = text.indexOf(HEAD_END);
  const firstEnd = text.indexOf(LINE_END);
  if (headEnd === -1 || firstEnd === headEnd) return undefined;
  if (!text.startsWith(METHOD) || !text.startsWith(VERSION, firstEnd - VERSION.length)) return undefined;
  const path = text.slice(METHOD.length, firstEnd - VERSION.length);
  if (!PATH.test(path)) return undefined;
  const headers = readFields(text, firstEnd + LINE_END.length, headEnd);
  const length = headers?.['content-length'];
  if (headers === undefined || length === undefined || !LENGTH.test(length)) return undefined;
  const bodyStart = headEnd + HEAD_END.length;
  const end = bodyStart + Number(length);
  return end > chunk.byteLength ? undefined : { path, headers, bodyStart, end };
}

function readFields(text: string, from: number, to: number): Record<string, string> | undefined {
  const headers: Record<string, string> = {};
  for (let at = from; at < to;) {
    const next = text.indexOf(LINE_END, at);
    const colon = text.indexOf(':', at);
    if (colon === -1 || colon > next) return undefined;
    const given = text.slice(at, colon);
    const value = text.slice(colon + 1, next);
    if (!NAME.test(given) || !VALUE.test(value)) return undefined;
    const name = given.toLowerCase();
    if (headers[name] !== undefined || MEANT_FOR_NODE.has(name)) return undefined;
    const trimmed = value.trim();
    headers[name] = ALIKE.has(name) ? sharedText(trimmed) : trimmed;
    at = next + LINE_END.length;
  }
  const { connection, host } = headers;
  if (host === undefined || (connection !== undefined && connection.toLowerCase() !== 'keep-alive'))
    return undefined;
  return headers;
}
