/**
 * A POST over a kept-alive connection, straight on `node:http`: fetch() would cost more than the server does.
 */
import { request } from 'node:http';
import type { Agent } from 'node:http';

export interface PostAnswer {
  readonly status: number;
  readonly text: string;
}

/** Rejects when the connection breaks: whether the entry is on record is then not known. */
export function postJson(
  url: string,
  agent: Agent,
  body: string,
  key: string | undefined,
): Promise<PostAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<PostAnswer>();
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...(key === undefined ? {} : { 'Idempotency-Key': key }),
  };
  const sent = request(url, { method: 'POST', agent, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (piece: string) => (text += piece));
    response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    response.on('error', reject);
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
