/**
 * From a web Response to what a front takes as the answer of a function. A body goes as text where its bytes survive that
 * and it is the shorter way, else as base64: so it is exact, and no larger than a third more than it is.
 */
import { isUtf8 } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import type { ALBResult, APIGatewayProxyResult, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

import type { Front } from '../http/front.ts';

/** Each front passes over the members of the others. */
export type FrontResult = ALBResult & APIGatewayProxyResult & APIGatewayProxyStructuredResultV2;

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Reads all of a body. @throws what the body fails with. */
export async function readAnswer(response: Response): Promise<Answered> {
  const { status, headers } = response;
  return { status, headers, body: Buffer.from(await response.arrayBuffer()) };
}

/** @param lists whether the front wants a list of values for each field. */
export function toResult({ name }: Front, { status, headers, body }: Answered, lists: boolean): FrontResult {
  const fields = Object.fromEntries(headers);
  const multiValueHeaders = Object.fromEntries([...headers].map(([field, value]) => [field, [value]]));
  return {
    statusCode: status,
    ...(name === 'alb' && { statusDescription: `${status} ${STATUS_CODES[status] ?? ''}`.trim() }),
    ...(name === 'alb' && lists ? { multiValueHeaders } : { headers: fields }),
    ...encode(body),
  };
}

function encode(bytes: Buffer): { body: string; isBase64Encoded: boolean } {
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8');
    const base64Bytes = Math.ceil(bytes.byteLength / 3) * 4;
    if (Buffer.byteLength(JSON.stringify(text)) - 2 <= base64Bytes)
      return { body: text, isBase64Encoded: false };
  }
  return { body: bytes.toString('base64'), isBase64Encoded: true };
}
