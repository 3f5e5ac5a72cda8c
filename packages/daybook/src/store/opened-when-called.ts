/**
 * A store on another machine, for a process in which nothing runs between requests: it is opened by the first call, and
 * after a failure again by the next one. Calls that come meanwhile wait for the same attempt.
 */
import { toError } from '../errors.ts';
import type { Store } from './store.ts';
import { StoreError } from './store.ts';
import { createStoreProxy } from './store-proxy.ts';

export interface OpenedWhenCalledOptions {
  /** @throws {StoreError} while the store cannot be reached, StartError when it is there and cannot be used. */
  readonly open: () => Promise<Store>;
  /** What is said of the store until it tells for itself. */
  readonly capabilities: Store['capabilities'];
  /** Called with each failure to open. */
  readonly onFailure: (error: Error) => void;
}

export interface OpenedWhenCalled extends Store {
  /** Resolves when an attempt to open it has ended, at once when it is open. Never rejects: the calls tell. */
  reach(): Promise<void>;
}

export function createOpenedWhenCalled(options: OpenedWhenCalledOptions): OpenedWhenCalled {
  let opened: Store | undefined;
  let opening: Promise<Store> | undefined;

  async function open(): Promise<Store> {
    try {
      opened = await options.open();
      return opened;
    } catch (thrown) {
      const error = toError(thrown);
      options.onFailure(error);
      if (error instanceof StoreError) throw error;
      throw new StoreError('unavailable', 'not-written', error.message, error);
    } finally {
      opening = undefined;
    }
  }

  const current = async (): Promise<Store> => opened ?? (opening ??= open());
  const proxy = createStoreProxy({
    current,
    facts: {
      get capabilities() {
        return opened?.capabilities ?? options.capabilities;
      },
      get lanes() {
        if (opened !== undefined) return opened.lanes;
        throw new StoreError('unavailable', 'not-written', 'the store was not reached yet');
      },
    },
    async close() {
      const store = opened ?? (await opening?.catch(() => undefined));
      await store?.close();
    },
  });
  return Object.assign(proxy, { reach: async () => void (await current().catch(() => undefined)) });
}
