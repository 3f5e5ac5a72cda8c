/**
 * API keys for the operator: needs the role `admin`. A list or a revocation is repeated when that may help; a key is made
 * a second time only when it is known that the first one was not, because what was made cannot be shown again.
 */
import type { CreatedKeyView, KeyPageView, KeyRequestBody, KeyView } from '../contract/key-messages.ts';
import { repeatRead } from './entries.ts';
import { mayRepeat } from './post.ts';
import { createAttempts } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import type { Transport } from './transport.ts';

export interface KeyListOptions {
  /** A page's `nextCursor`. */
  readonly cursor?: string | undefined;
  /** Keys a page, 1–1000; default 100. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Every method throws `ClientError`. */
export interface KeysClient {
  /**
   * Resolves when the key is durable. Its `key` is not shown again.
   * @throws {ClientError} with `outcome: 'unknown'` there may be a key that nobody has: find it by its name, and revoke it.
   */
  create(request: KeyRequestBody, options?: Abortable): Promise<CreatedKeyView>;
  /** The newest first. */
  list(options?: KeyListOptions): Promise<KeyPageView>;
  /** All pages from the cursor on. */
  pages(options?: KeyListOptions): AsyncGenerator<KeyPageView, void>;
  /** For good; repeating is harmless. */
  revoke(keyId: string, options?: Abortable): Promise<KeyView>;
}

const PATH = ['api', 'keys'];

export function createKeysClient(transport: Pick<Transport, 'readJson'>, retry: RetryPolicy): KeysClient {
  const list: KeysClient['list'] = ({ signal, ...query } = {}) =>
    repeatRead(
      retry,
      () => transport.readJson({ method: 'GET', path: PATH, query: { ...query }, signal }),
      signal,
    );

  return {
    async create(request, { signal } = {}) {
      const headers = { 'Content-Type': 'application/json' };
      const body = JSON.stringify(request);
      const attempts = createAttempts(retry);
      for (;;) {
        try {
          return await transport.readJson({ method: 'POST', path: PATH, headers, body, signal });
        } catch (thrown) {
          if (!mayRepeat(thrown, false)) throw thrown;
          if (!(await attempts.another(thrown.retryAfterMs, signal))) throw thrown;
        }
      }
    },
    list,
    async *pages(options = {}) {
      let { cursor } = options;
      do {
        const page = await list({ ...options, cursor });
        yield page;
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
    },
    revoke: (keyId, { signal } = {}) =>
      repeatRead(
        retry,
        () => transport.readJson({ method: 'DELETE', path: [...PATH, keyId], signal }),
        signal,
      ),
  };
}
