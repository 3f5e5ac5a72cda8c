/**
 * Dead letters for the operator: needs the role `admin`. Repeating any of these calls is harmless, so all of them are tried
 * again when that may help; a replay or discard whose answer was lost then finds no letter any more.
 */
import type { DeadLetterOutcome, DeadLetterPageView, DeadLetterView } from '../contract/messages.ts';
import type { Range } from './entries.ts';
import { repeatRead } from './entries.ts';
import type { RetryPolicy } from './retry.ts';
import type { Transport } from './transport.ts';

export interface DeadLetterFilter extends Range {
  readonly register?: string | undefined;
  /** The code of the reason. */
  readonly reason?: string | undefined;
}

export interface DeadLetterListOptions extends DeadLetterFilter {
  /** A page's `nextCursor`, or the id of a dead letter to go on behind. */
  readonly cursor?: string | undefined;
  /** Dead letters a page, 1–1000; default 100. A page may end earlier, or be empty. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DeadLetterActionOptions {
  /** Looks, and changes nothing. */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Every method throws `ClientError`; its code is `NOT_FOUND` where the server keeps no dead letters. */
export interface DeadLettersClient {
  list(options?: DeadLetterListOptions): Promise<DeadLetterPageView>;
  /** All pages from the cursor on. */
  pages(options?: DeadLetterListOptions): AsyncGenerator<DeadLetterPageView, void>;
  show(id: string, options?: Pick<DeadLetterActionOptions, 'signal'>): Promise<DeadLetterView>;
  /** Stores the entry with its id and stamp. `DEAD_LETTER_KEPT` when that cannot be. */
  replay(id: string, options?: DeadLetterActionOptions): Promise<DeadLetterOutcome>;
  /** Gives the entry up for good. */
  discard(id: string, options?: DeadLetterActionOptions): Promise<DeadLetterOutcome>;
}

const PATH = ['api', 'dead-letters'];

export function createDeadLettersClient(transport: Transport, retry: RetryPolicy): DeadLettersClient {
  const list: DeadLettersClient['list'] = ({ signal, ...query } = {}) =>
    repeatRead(
      retry,
      () => transport.readJson({ method: 'GET', path: PATH, query: { ...query }, signal }),
      signal,
    );

  const act =
    (action: 'replay' | 'discard'): DeadLettersClient['replay'] =>
    (id, { dryRun, signal } = {}) => {
      const query = { dryRun: dryRun === undefined ? undefined : String(dryRun) };
      const request = { method: 'POST' as const, path: [...PATH, id, action], query, signal };
      return repeatRead(retry, () => transport.readJson(request), signal);
    };

  return {
    list,
    async *pages(options = {}) {
      let { cursor } = options;
      do {
        const page = await list({ ...options, cursor });
        yield page;
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
    },
    show: (id, { signal } = {}) =>
      repeatRead(retry, () => transport.readJson({ method: 'GET', path: [...PATH, id], signal }), signal),
    replay: act('replay'),
    discard: act('discard'),
  };
}
