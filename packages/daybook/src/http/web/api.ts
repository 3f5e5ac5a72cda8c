/**
 * What a process that has only the pages asks of the API: its time and how it is, and the newest entries. Each question is
 * asked anew, ends within its time, and an answer that is none of ours counts as none.
 */
import type { EntryView, Status } from '../../contract/messages.ts';
import { pageSchema, statusSchema } from '../../contract/schemas.ts';
import { toError } from '../../errors.ts';

export interface Api {
  /** @returns why there is no status, in words for the log. Never rejects. */
  status(): Promise<{ readonly status: Status } | { readonly failure: string }>;
  /** Newest first; none when they cannot be had. Never rejects. */
  latest(register: string, limit: number): Promise<readonly EntryView[]>;
}

export interface ApiOptions {
  /** With the base path, without a slash at its end. */
  readonly url: string;
  readonly timeoutMs: number;
}

export function createApi({ url, timeoutMs }: ApiOptions): Api {
  /** @throws what fetch throws, and when the answer is no JSON of status 200. */
  async function read(path: string): Promise<unknown> {
    const response = await fetch(`${url}${path}`, {
      headers: { accept: 'application/json' },
      // Also for the body, which may be as slow as the head.
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`expected the status 200, given ${response.status}`);
    }
    return response.json();
  }

  return {
    async status() {
      try {
        const { success, data } = statusSchema.safeParse(await read('/api/status'));
        return success ? { status: data } : { failure: 'expected a status, given something else' };
      } catch (thrown) {
        return { failure: reasonOf(toError(thrown)) };
      }
    },
    async latest(register, limit) {
      try {
        const page = pageSchema.safeParse(await read(`/${register}?format=json&order=desc&limit=${limit}`));
        return page.success ? page.data.entries : [];
      } catch {
        return []; // The status, which is asked for at the same time, tells why.
      }
    },
  };
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf({ message, cause }: Error): string {
  return cause === undefined ? message : `${message}: ${toError(cause).message}`;
}
