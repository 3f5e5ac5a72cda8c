/** A request as it came over a socket, and an answer as it goes back: what every kind of front starts from and ends with. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface FrontRequest {
  readonly method: string;
  /** As sent: not decoded, without the query. */
  readonly path: string;
  /** As sent, without its question mark; '' if there is none. */
  readonly query: string;
  /** In the order and the letters of the client. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  readonly sourceIp: string;
}

export interface FrontAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | string;
}

export type FrontHandler = (request: FrontRequest) => Promise<FrontAnswer>;

/** The first of that name, whatever its letters. */
export function headerOf({ headers }: Pick<FrontRequest, 'headers'>, name: string): string | undefined {
  return headers.find(([one]) => one.toLowerCase() === name)?.[1];
}

/** @returns undefined for a body of more than `maxBodyBytes`; what is left of it is not read. */
export async function readRequest(
  request: IncomingMessage,
  maxBodyBytes: number,
): Promise<FrontRequest | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  const [path = '', ...query] = (request.url ?? '').split('?');
  const { rawHeaders } = request;
  return {
    method: request.method ?? '',
    path,
    query: query.join('?'),
    headers: rawHeaders.flatMap((name, index) =>
      index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : [],
    ),
    body: Buffer.concat(chunks),
    sourceIp: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
  };
}

/** Framing is the front's own: what the answer says of it is left out. */
const FRAMING = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding']);

export function writeAnswer(response: ServerResponse, { status, headers, body }: FrontAnswer): void {
  const bytes = Buffer.from(body);
  const raw = headers.filter(([name]) => !FRAMING.has(name.toLowerCase())).flat();
  if (status !== 204 && status !== 304) raw.push('content-length', String(bytes.length));
  response.writeHead(status, raw);
  response.end(bytes);
}

/** The last value of each name; and all of them, as Lambda's events have them. */
export function byName(pairs: FrontRequest['headers']): {
  readonly last: Record<string, string>;
  readonly all: Record<string, string[]>;
} {
  const last: Record<string, string> = {};
  const all: Record<string, string[]> = {};
  for (const [name, value] of pairs) {
    last[name] = value;
    (all[name] ??= []).push(value);
  }
  return { last, all };
}

/** Names and values as sent. A parameter without `=` has the value ''. */
export function rawParameters(query: string): (readonly [name: string, value: string])[] {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', ...value] = part.split('=');
      return [name, value.join('=')] as const;
    });
}

export function decodeParameter(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
