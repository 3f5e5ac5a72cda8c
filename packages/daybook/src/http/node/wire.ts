/**
 * An answer as it goes over the wire. Every answer has its headers in the order of their names, which is how the app's
 * come out of a web `Headers`; behind them the length, and what Node adds: `Date`, `Connection`, `Keep-Alive`.
 */
import type { Answer } from '../answer.ts';

export interface AnswerFields {
  readonly requestId: string;
  readonly version: string;
  readonly bodyBytes: number;
  /** The connection ends with this answer. */
  readonly closes: boolean;
}

/** Names and values in turn, as Node takes them without copying. */
export function answerFields(
  { headers }: Answer,
  { requestId, version, bodyBytes, closes }: AnswerFields,
): string[] {
  const fields: string[] = closes ? ['connection', 'close'] : [];
  let versioned = false;
  const named = inOrder(headers);
  for (const name in named) {
    if (!versioned && name > 'daybook-version') {
      versioned = true;
      fields.push('daybook-version', version);
    }
    fields.push(name, named[name] as string);
  }
  if (!versioned) fields.push('daybook-version', version);
  // No header of a write comes behind these.
  fields.push('x-content-type-options', 'nosniff', 'x-request-id', requestId);
  fields.push('content-length', String(bodyBytes));
  return fields;
}

/** To sort costs as much as all the rest of this, so what is answered most often is in order already. */
function inOrder(headers: Answer['headers']): Answer['headers'] {
  let last = '';
  for (const name in headers) {
    if (name < last)
      return Object.fromEntries(Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    last = name;
  }
  return headers;
}

/** Nothing in the fields is a caller's but the request id, which has only harmless characters. */
export function headText(fields: readonly string[]): string {
  let text = '';
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`;
  return text;
}

export function bodyLength({ body, isAscii }: Answer): number {
  return isAscii === true ? (body as string).length : Buffer.byteLength(body as string);
}

/** ASCII is the same in both, and cheaper to write as the one that needs no look at each character. */
export function encodingOf(text: string, bytes: number): 'latin1' | 'utf8' {
  return bytes === text.length ? 'latin1' : 'utf8';
}
