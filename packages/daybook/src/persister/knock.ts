/**
 * Finds out whether what was away is back: one probe, after which there is use in trying again, or not yet.
 */
import { toError } from '../errors.ts';
import type { Store } from '../store/store.ts';
import type { Breaker } from './breaker.ts';
import { Halt } from './halt.ts';

/**
 * Half-opens the breaker, and closes it when the store answers; what was systemic stays half-open, because it needs a
 * trial as well.
 * @throws {Halt} when the store does not answer.
 */
export async function knock(breaker: Breaker, store: Pick<Store, 'probe'>): Promise<void> {
  breaker.halfOpen();
  try {
    await store.probe();
  } catch (thrown) {
    throw new Halt('waiting', toError(thrown).message);
  }
  if (breaker.state === 'half-open' && breaker.halt?.state === 'waiting') breaker.close();
}
