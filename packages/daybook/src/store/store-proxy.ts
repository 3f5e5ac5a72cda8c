/**
 * A store that hands every call on to another one, which may not be open yet.
 */
import type { Store } from './store.ts';

export interface StoreProxyOptions {
  /** The store that answers now. @throws {StoreError} by the promise, while there is none. */
  readonly current: () => Promise<Store>;
  /** What can be asked without waiting. */
  readonly facts: Pick<Store, 'capabilities' | 'lanes'>;
  readonly close: () => Promise<void>;
}

export function createStoreProxy({ current, facts, close }: StoreProxyOptions): Store {
  return {
    get capabilities() {
      return facts.capabilities;
    },
    get lanes() {
      return facts.lanes;
    },
    newestIdAtOpen: undefined,
    append: async (batch) => (await current()).append(batch),
    persist: async (batches) => (await current()).persist(batches),
    replay: async (entry) => (await current()).replay(entry),
    discard: async (entry) => (await current()).discard(entry),
    expire: async (query) => (await current()).expire(query),
    probe: async () => (await current()).probe(),
    find: async (register, id, subject) => (await current()).find(register, id, subject),
    list: async (query) => (await current()).list(query),
    tail: async (query) => (await current()).tail(query),
    head: async (lane, seen) => (await current()).head(lane, seen),
    count: async (query) => (await current()).count(query),
    ledger: async (range, limit) => (await current()).ledger(range, limit),
    missingBatches: async () => (await current()).missingBatches(),
    vouch: async (vouch) => (await current()).vouch(vouch),
    withdraw: async (voucher) => (await current()).withdraw(voucher),
    vouchedThrough: async () => (await current()).vouchedThrough(),
    time: async () => (await current()).time(),
    close,
  };
}
