/**
 * The idempotency keys of writes that are under way in this process: a repeat that arrives meanwhile is told to come
 * again instead of being stored beside the first.
 */
import { DaybookError } from '../errors.ts';

export interface KeyScope {
  readonly register: string;
  readonly subject: string;
  readonly key: string;
}

export interface KeysInFlight {
  /**
   * Holds the key of a write.
   * @returns lets it go; to be called once, when the write has its outcome.
   * @throws {DaybookError} KEY_IN_FLIGHT when it is held already.
   */
  hold(scope: KeyScope): () => void;
}

export function createKeysInFlight(): KeysInFlight {
  const held = new Set<string>();
  return {
    hold({ register, subject, key }) {
      const name = JSON.stringify([register, subject, key]);
      if (held.has(name)) {
        throw new DaybookError(
          'KEY_IN_FLIGHT',
          'expected the first request with this Idempotency-Key to be answered before a repeat',
          { outcome: 'not-written', retryAfterSeconds: 1 },
        );
      }
      held.add(name);
      return () => void held.delete(name);
    },
  };
}
