/**
 * Requests that Node refuses by itself, before any route sees them: malformed, too long, too late. They get problem
 * documents too.
 */
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';

import type { ErrorCode } from '../../errors.ts';
import { DaybookError } from '../../errors.ts';
import { problemAnswer } from '../problem.ts';
import { requestIdOf } from '../request-id.ts';

/** Error codes of llhttp and of Node's HTTP server (https://nodejs.org/api/errors.html). */
const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_INVALID_EOF_STATE: 'BODY_INCOMPLETE',
};

export function answerClientError(error: NodeJS.ErrnoException, socket: Socket, version: string): void {
  // Nobody to tell, or in the middle of another answer. Node's own handler looks at the same member.
  const answering = (socket as { _httpMessage?: unknown })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || (answering !== undefined && answering !== null)) {
    socket.destroy();
    return;
  }
  const code = CODES[error.code ?? ''] ?? 'REQUEST_MALFORMED';
  const requestId = requestIdOf(undefined);
  const { status, headers, body } = problemAnswer(
    new DaybookError(code, explain(code, error)),
    requestId,
    'write',
  );
  const fields = {
    ...headers,
    'content-length': Buffer.byteLength(body),
    'daybook-version': version,
    'x-request-id': requestId,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\n${lines.join('')}\r\n${body}`,
  );
}

function explain(code: ErrorCode, error: NodeJS.ErrnoException): string {
  if (code === 'HEADERS_TOO_LARGE')
    return 'expected headers and request target within limits.maxHeaderBytes, given more';
  if (code === 'REQUEST_TIMEOUT')
    return 'expected the whole head of the request in time (limits.headersTimeoutMs)';
  if (code === 'BODY_INCOMPLETE') return 'expected the whole body, given a connection that ended before it';
  return `expected a request of HTTP/1.1 (RFC 9112), given one that does not parse: ${error.code ?? error.message}`;
}
