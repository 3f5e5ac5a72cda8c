/**
 * What a driver hands to the conformance suite: a store on data of its own, and the few things that cannot be done
 * through the port.
 */
import type { Store } from '../../store/store.ts';

export interface OpenedStore {
  readonly store: Store;
  /** One more client of the same data, as another process would have it; absent where one process owns the data. */
  join?(): Promise<Store>;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<OpenedStore>;
  /** Makes everything that was vouched for so much older. */
  ageVouches(ms: number): Promise<void>;
  /** Closes it, and all that joined, and removes its data. */
  dispose(): Promise<void>;
}

export type Test = (name: string, run: () => Promise<void>) => unknown;

/** A test with a store of its own, whose ledger must balance in the end. */
export type Check = (name: string, run: (opened: OpenedStore) => Promise<void>) => void;
