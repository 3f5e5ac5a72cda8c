/**
 * Requests that Node refuses by itself, before any route sees them whole: malformed, too long, too late. They get problem
 * documents too, behind the answers to the good requests before them.
 */
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';

import type { ErrorCode } from '../../errors.ts';
import { DaybookError } from '../../errors.ts';
import { problemAnswer } from '../problem.ts';
import { requestIdOf } from '../request-id.ts';
import { isDraining } from './drain.ts';
import { responseUnderWay } from './under-way.ts';
import { answerFields, headText } from './wire.ts';

/** What Node gives with an error of its parser. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer;
}

/** Error codes of llhttp and of Node's HTTP server (https://nodejs.org/api/errors.html). */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_INVALID_EOF_STATE: 'BODY_INCOMPLETE',
};

/** A client that does not close its side is cut off after this. */
const CUT_AFTER_MS = 2_000;

export type ClientErrorHandler = (error: ParserError, socket: Socket) => void;

export function createClientErrorHandler(options: {
  readonly version: string;
  readonly maxHeaderBytes: number;
}): ClientErrorHandler {
  /** What comes behind the first error means nothing. */
  const failing = new WeakSet<Socket>();

  function answer(error: ParserError, socket: Socket): void {
    const earlier = responseUnderWay(socket);
    if (earlier?.req.complete === true) {
      // The bytes that do not parse are behind a good request, whose answer comes first.
      earlier.once('close', () => answer(error, socket));
      return;
    }
    if (!socket.writable || earlier?.headersSent === true) {
      socket.destroy();
      return;
    }
    socket.end(toBytes(codeOf(error, socket, options.maxHeaderBytes), error, options.version));
    setTimeout(() => socket.destroy(), CUT_AFTER_MS).unref();
  }

  return (error, socket) => {
    // Nobody to tell, or told already.
    if (error.code === 'ECONNRESET' || !socket.writable || isDraining(socket)) {
      socket.destroy();
    } else if (!failing.has(socket)) {
      failing.add(socket);
      answer(error, socket);
    }
  };
}

/** Whatever the method was to be: without a whole request nothing is written. */
function toBytes(code: ErrorCode, error: ParserError, version: string): string {
  const requestId = requestIdOf(undefined);
  const problem = new DaybookError(code, explain(code, error));
  const answer = problemAnswer(problem, requestId, 'write');
  const { status, body } = answer;
  const bodyBytes = Buffer.byteLength(body);
  const lines = headText(answerFields(answer, { requestId, version, bodyBytes, closes: true }));
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n${body}`;
}

function codeOf(error: ParserError, socket: Socket, maxHeaderBytes: number): ErrorCode {
  const code = CODES[error.code ?? ''] ?? 'REQUEST_MALFORMED';
  if (code !== 'HEADERS_TOO_LARGE' || socket.bytesRead !== error.rawPacket?.byteLength) return code;
  // Node has one code for both; here the first line of the first packet is too long already.
  return error.rawPacket.subarray(0, maxHeaderBytes).includes('\n') ? code : 'URI_TOO_LONG';
}

function explain(code: ErrorCode, error: ParserError): string {
  if (code === 'HEADERS_TOO_LARGE' || code === 'URI_TOO_LONG')
    return 'expected headers and request target within limits.maxHeaderBytes, given more';
  if (code === 'REQUEST_TIMEOUT')
    return 'expected the whole head of the request in time (limits.headersTimeoutMs)';
  if (code === 'BODY_INCOMPLETE')
    return 'expected the whole request, given a connection that ended before it';
  return `expected a request of HTTP/1.1 (RFC 9112), given one that does not parse: ${error.code ?? error.message}`;
}
