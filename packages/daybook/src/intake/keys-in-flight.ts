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
  /** Runs the write while holding its key. @throws {DaybookError} KEY_IN_FLIGHT when it is held already. */
  hold<T>(scope: KeyScope, write: () => Promise<T>): Promise<T>;
}

export function createKeysInFlight(): KeysInFlight {
  const held = new Set<string>();
  return {
    async hold({ register, subject, key }, write) {
      const name = JSON.stringify([register, subject, key]);
      if (held.has(name)) {
        throw new DaybookError(
          'KEY_IN_FLIGHT',
          'expected the first request with this Idempotency-Key to be answered before a repeat',
          {
            outcome: 'not-written',
            retryAfterSeconds: 1,
          },
        );
      }
      held.add(name);
      try {
        return await write();
      } finally {
        held.delete(name);
      }
    },
  };
}
