/**
 * Keys that are read when somebody first needs them. Where one process owns the store, nobody else can make or revoke
 * one, and a server whose callers have none is spared the reading and the memory that it takes.
 */
import type { Identity } from '../identity.ts';
import type { Keys } from './keys.ts';

export interface KeysWhenNeeded {
  /** Resolves when the keys are loaded, or the first attempt has failed. */
  get(): Promise<Keys>;
  /**
   * As `Keys.verify`; a promise until the keys were first needed and read, and always one where nothing runs between
   * requests. @throws {KeyError} also by the promise.
   */
  verify(presented: string): Identity | undefined | Promise<Identity | undefined>;
  status(): ReturnType<Keys['status']>;
  close(): Promise<void>;
}

/**
 * @param make is called once, at the first need.
 * @param background whether the keys follow the store by themselves.
 */
export function createKeysWhenNeeded(make: () => Keys, background = true): KeysWhenNeeded {
  let keys: Keys | undefined;
  let isStarted = false;

  async function get(): Promise<Keys> {
    keys ??= make();
    await keys.started;
    isStarted = true;
    return keys;
  }

  return {
    get,
    verify(presented) {
      if (!background) return get().then((loaded) => loaded.verifyNow(presented));
      if (keys !== undefined && isStarted) return keys.verify(presented);
      return get().then((loaded) => loaded.verify(presented));
    },
    status: () => keys?.status() ?? { state: 'ok' },
    close: async () => keys?.close(),
  };
}
