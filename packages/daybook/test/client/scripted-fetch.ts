/**
 * A `fetch` that answers from a script, one step a request, and keeps the requests.
 */
import type { Problem } from '../../src/client/index.ts';

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: string;
}

export type Step =
  | Response
  | Error
  | ((request: SeenRequest, signal: AbortSignal | undefined) => Response | Promise<Response>);

export interface ScriptedFetch {
  readonly fetch: typeof fetch;
  readonly requests: SeenRequest[];
}

/** A request beyond the script fails the test by its message. */
export function scriptedFetch(...steps: Step[]): ScriptedFetch {
  const requests: SeenRequest[] = [];
  const answer = async (input: string | URL, init: RequestInit = {}): Promise<Response> => {
    const request = new Request(input, { ...init, signal: null });
    const { pathname, search } = new URL(request.url);
    const seen = {
      method: request.method,
      target: pathname + search,
      headers: request.headers,
      body: await request.text(),
    };
    requests.push(seen);
    init.signal?.throwIfAborted();
    const step = steps[requests.length - 1];
    if (step === undefined)
      throw new Error(`unexpected request ${requests.length}: ${seen.method} ${seen.target}`);
    if (step instanceof Error) throw step;
    return typeof step === 'function' ? step(seen, init.signal ?? undefined) : step;
  };
  return { fetch: answer as typeof fetch, requests };
}

export function jsonResponse(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });
}

export function problemResponse(
  problem: Partial<Problem> & { status: number; code: string },
  headers: Record<string, string> = {},
): Response {
  const { status, code } = problem;
  const full = {
    type: `urn:daybook:error:${code}`,
    title: code,
    detail: `detail of ${code}`,
    retryable: false,
    requestId: 'r-1',
    ...problem,
  };
  return new Response(JSON.stringify(full), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
  });
}

/** What fetch() throws when the connection is refused or breaks. */
export function brokenConnection(): TypeError {
  return new TypeError('fetch failed', {
    cause: Object.assign(new Error('connection reset'), { code: 'ECONNRESET' }),
  });
}

/** A stream that gives these pieces and then ends, or breaks. */
export function streamResponse(
  contentType: string,
  pieces: readonly string[],
  end: 'ends' | 'breaks' = 'ends',
): Response {
  const encoder = new TextEncoder();
  const rest = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = rest.shift();
      if (piece !== undefined) controller.enqueue(encoder.encode(piece));
      else if (end === 'ends') controller.close();
      else controller.error(brokenConnection());
    },
  });
  return new Response(body, { headers: { 'Content-Type': contentType } });
}
