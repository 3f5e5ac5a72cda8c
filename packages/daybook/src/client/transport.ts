/**
 * One HTTP exchange: builds the request, bounds it in time, and turns everything that is not a success into a
 * {@link ClientError}. No retries here. An abort by the caller's own signal is thrown as it is.
 */
import { ClientError } from './client-error.ts';
import { toClientError } from './failed-answer.ts';

export type QueryValue = string | number | undefined;

interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Segments below the base URL, not encoded. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly accept: string;
  readonly body?: NonNullable<RequestInit['body']>;
  readonly signal?: AbortSignal | undefined;
  /** Overrides the transport's own. */
  readonly timeoutMs?: number;
}

export interface Transport {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /**
   * Sends the request and reads its answer; both together have `timeoutMs`.
   * @throws {ClientError}
   */
  exchange<T>(request: TransportRequest, read: (response: Response) => Promise<T>): Promise<T>;
  /** An exchange whose answer is JSON. @throws {ClientError} `ANSWER_INVALID` when it is not. */
  readJson<T extends object>(request: Omit<TransportRequest, 'accept'>): Promise<T>;
  /** Sends the request; only the head of the answer is bound to `timeoutMs`. @throws {ClientError} */
  open(request: TransportRequest): Promise<Response>;
}

export interface TransportOptions {
  readonly baseUrl: string | URL;
  readonly apiKey?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly fetch?: typeof fetch | undefined;
  readonly timeoutMs?: number | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** @throws {TypeError} when the base URL is not an http(s) URL. */
export function createTransport(options: TransportOptions): Transport {
  const baseUrl = parseBaseUrl(options.baseUrl);
  const fetchNow = options.fetch ?? ((...given: Parameters<typeof fetch>) => fetch(...given));
  const shared = {
    ...options.headers,
    ...(options.apiKey === undefined ? {} : { Authorization: `Bearer ${options.apiKey}` }),
  };

  async function exchange<T>(
    request: TransportRequest,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = request.timeoutMs ?? options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const own = request.signal;
    const isWrite = request.method !== 'GET';
    try {
      const response = await fetchNow(urlOf(baseUrl, request), {
        method: request.method,
        headers: { Accept: request.accept, ...shared, ...request.headers },
        signal: own === undefined ? timeout.signal : AbortSignal.any([own, timeout.signal]),
        // A redirected POST would arrive as a GET; the server never asks for one.
        redirect: isWrite ? 'manual' : 'follow',
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      if (!response.ok) throw await toClientError(response, isWrite);
      return await read(response);
    } catch (thrown) {
      if (thrown instanceof ClientError || own?.aborted === true) throw thrown;
      const outcome = isWrite ? ('unknown' as const) : undefined;
      if (timeout.signal.aborted) {
        const message = `no answer from ${baseUrl} within ${timeoutMs} ms`;
        throw new ClientError('TIMEOUT', message, { retryable: true, outcome, cause: thrown });
      }
      throw toNetworkError(baseUrl, thrown, outcome);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    baseUrl,
    exchange,
    readJson: <T extends object>(request: Omit<TransportRequest, 'accept'>) =>
      exchange({ ...request, accept: 'application/json' }, (response) => readJson<T>(response)),
    open: (request) => exchange(request, (response) => Promise.resolve(response)),
  };
}

/** What is inside is the server's word: the contract is not checked again here, which would need a schema library. */
async function readJson<T extends object>(response: Response): Promise<T> {
  const text = await response.text();
  const details = { status: response.status, retryable: false };
  try {
    const given: unknown = JSON.parse(text);
    if (typeof given === 'object' && given !== null) return given as T;
  } catch (cause) {
    throw new ClientError('ANSWER_INVALID', notJson(response.url, text), { ...details, cause });
  }
  throw new ClientError('ANSWER_INVALID', notJson(response.url, text), details);
}

function notJson(url: string, text: string): string {
  return `${url}: expected an answer of Daybook as JSON, given ${JSON.stringify(text.slice(0, 60))}`;
}

/** For a connection that broke, or never was one. */
export function toNetworkError(baseUrl: string, thrown: unknown, outcome?: 'unknown'): ClientError {
  return new ClientError('NETWORK', `no answer from ${baseUrl}: ${reasonOf(thrown)}`, {
    retryable: true,
    outcome,
    cause: thrown,
  });
}

/** fetch() says only "fetch failed"; what happened is in the cause. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { cause } = thrown;
  if (!(cause instanceof Error)) return thrown.message;
  const { code } = cause as { code?: unknown };
  return cause.message || (typeof code === 'string' ? code : thrown.message);
}

function parseBaseUrl(given: string | URL): string {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new TypeError(`baseUrl: expected an http or https URL, given ${JSON.stringify(String(given))}`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function urlOf(baseUrl: string, { path, query = {} }: TransportRequest): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return `${baseUrl}/${path.map(encodeURIComponent).join('/')}${text === '' ? '' : `?${text}`}`;
}
