/**
 * A store on another machine may be down when Daybook starts. This one stands in until it answers: it refuses every
 * call as `unavailable`, goes on trying to open the real one, and hands everything over to it from then on.
 */
import { toError } from '../errors.ts';
import type { BackOff } from '../retry.ts';
import { sleep } from '../retry.ts';
import type { Store, StoreCapabilities } from './store.ts';
import { StoreError } from './store.ts';
import { createStoreProxy } from './store-proxy.ts';

export interface LateStoreOptions {
  /** @throws {StoreError} while the store cannot be reached, StartError when it is there and cannot be used. */
  readonly open: () => Promise<Store>;
  /** What is said of the store until it tells for itself. */
  readonly capabilities: StoreCapabilities;
  readonly backOff: BackOff;
  /** Called with each failure to open after the first. */
  readonly onFailure: (error: Error) => void;
  /** How long a start waits for a store that neither opens nor refuses; default 5 000. */
  readonly waitMs?: number;
}

const WAIT_MS = 5_000;

/** Resolves when the store is open, known to be out of reach, or silent for too long. @throws {StartError} when it is there and cannot be used. */
export async function createLateStore(options: LateStoreOptions): Promise<Store> {
  const { open, backOff, onFailure, waitMs = WAIT_MS } = options;
  const closing = new AbortController();
  let opened: Store | undefined;
  let reason = `no answer within ${waitMs} ms`;
  const first = open();
  const settled = new AbortController();
  try {
    const early = await Promise.race([first, sleep(waitMs, settled.signal)]);
    if (early !== undefined) return early;
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown;
    reason = thrown.message;
  } finally {
    settled.abort();
  }
  const opening = keepOpening();

  async function keepOpening(): Promise<void> {
    // It may still open; where it failed already, that was noticed.
    opened = await first.catch((thrown: unknown) => {
      reason = toError(thrown).message;
      return undefined;
    });
    while (opened === undefined && !closing.signal.aborted) {
      await backOff.wait(closing.signal).catch(() => undefined);
      if (closing.signal.aborted) return;
      try {
        opened = await open();
      } catch (thrown) {
        const error = toError(thrown);
        reason = error.message;
        onFailure(error);
      }
    }
  }

  function store(): Store {
    if (opened !== undefined) return opened;
    throw new StoreError('unavailable', 'not-written', `the store was not reached yet: ${reason}`);
  }

  return createStoreProxy({
    current: async () => store(),
    facts: {
      get capabilities() {
        return opened?.capabilities ?? options.capabilities;
      },
      get lanes() {
        return store().lanes;
      },
    },
    async close() {
      closing.abort();
      await opening;
      await opened?.close();
    },
  });
}
