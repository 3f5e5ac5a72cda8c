/**
 * An answer as plain data, before it becomes a Node response or a web Response: the write route is a pure function from
 * a request to this.
 */

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null;
  /** The body is known to be ASCII, so it has as many bytes as characters, and nobody needs to look at each. */
  readonly isAscii?: true;
}

export const JSON_TYPE = 'application/json; charset=utf-8';
export const TEXT_TYPE = 'text/plain; charset=utf-8';
export const NDJSON_TYPE = 'application/x-ndjson; charset=utf-8';
const HTML_TYPE = 'text/html; charset=utf-8';

/** No page of ours runs inline script, loads from another host or may be framed. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** A page for people, under a policy that lets nothing in which is not ours. */
export function pageAnswer(
  body: string,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Answer & { readonly body: string } {
  return {
    status,
    headers: { 'content-type': HTML_TYPE, 'content-security-policy': PAGE_POLICY, ...headers },
    body,
  };
}

export function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}

export function jsonAnswer(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': JSON_TYPE, ...headers }, body: `${JSON.stringify(value)}\n` };
}
