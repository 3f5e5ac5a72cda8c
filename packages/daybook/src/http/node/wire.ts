/**
 * An answer as it goes over the wire.
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
  const fields: string[] = [];
  for (const name in headers) fields.push(name, headers[name] as string);
  fields.push('content-length', String(bodyBytes), 'daybook-version', version, 'x-request-id', requestId);
  if (headers['x-content-type-options'] === undefined) fields.push('x-content-type-options', 'nosniff');
  if (closes) fields.push('connection', 'close');
  return fields;
}

/** ASCII is the same in both, and cheaper to write as the one that needs no look at each character. */
export function encodingOf(text: string, bytes: number): 'latin1' | 'utf8' {
  return bytes === text.length ? 'latin1' : 'utf8';
}
