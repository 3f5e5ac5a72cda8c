/**
 * From body bytes and a content type to what is kept: the bytes as they came, and the type that they really have.
 */
import { isUtf8 } from 'node:buffer';

import { essence, isJsonType } from '../../entry.ts';
import { DaybookError } from '../../errors.ts';

export interface Payload {
  readonly payload?: Uint8Array;
  readonly contentType?: string;
  /** The parsed JSON, when it is JSON. */
  readonly json?: unknown;
}

const FORM = 'application/x-www-form-urlencoded';
const NO_PAYLOAD: Payload = {};

/** @throws {DaybookError} BODY_NOT_JSON when a JSON type is declared and the bytes do not parse. */
export function classifyPayload(body: Buffer, contentType: string | undefined): Payload {
  if (body.byteLength === 0) return NO_PAYLOAD;
  const declaredType = contentType === '' ? undefined : contentType;
  if (declaredType !== undefined && isJsonType(declaredType)) {
    return { payload: body, contentType: declaredType, json: parseJson(body) };
  }
  // `curl -d` sends form data whatever the body is, so an object or array that parses is taken for JSON.
  if (declaredType === undefined || essence(declaredType) === FORM) return guess(body, declaredType);
  return { payload: body, contentType: declaredType };
}

/** @throws {DaybookError} BODY_NOT_JSON */
export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes))
    throw new DaybookError(
      'BODY_NOT_JSON',
      'body: expected JSON in UTF-8 (RFC 8259 §8.1), given bytes that are not UTF-8',
      { outcome: 'not-written' },
    );
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? withoutContent(cause.message, text) : 'it does not parse';
    throw new DaybookError(
      'BODY_NOT_JSON',
      `body: expected JSON (RFC 8259), given ${bytes.byteLength} bytes: ${reason}`,
      {
        outcome: 'not-written',
        cause,
      },
    );
  }
}

function guess(body: Buffer, declaredType: string | undefined): Payload {
  if (!isUtf8(body)) return { payload: body, contentType: declaredType ?? 'application/octet-stream' };
  const first = body.subarray(0, 64).toString('latin1').trimStart()[0];
  if (first === '{' || first === '[') {
    try {
      return { payload: body, contentType: 'application/json', json: JSON.parse(body.toString('utf8')) };
    } catch {
      // Not JSON after all: text.
    }
  }
  return { payload: body, contentType: declaredType ?? 'text/plain; charset=utf-8' };
}

/** V8 quotes the document in its messages; what a caller sent stays out of logs and answers. */
function withoutContent(message: string, text: string): string {
  if (text.startsWith('\uFEFF')) return 'it begins with a byte order mark';
  const place = /at position (\d+)(?: \(line \d+ column \d+\))?/.exec(message);
  // A text that was cut off is told by a position behind its last character, or by words alone.
  if (message === 'Unexpected end of JSON input' || Number(place?.[1]) === text.length)
    return 'it ends too early';
  return `unexpected character${place === null ? '' : ` ${place[0]}`}`;
}
