/**
 * What a failure means. Only a failure of one entry by itself can ever be held against it.
 *
 *   transient   the store could not, for now: never counted
 *   permanent   this store can never take the entry
 *   unknown     neither is known; counted, and tried again by itself
 */
import { toError } from '../errors.ts';
import { StoreError } from '../store/store.ts';

export interface Failure {
  readonly kind: 'transient' | 'permanent' | 'unknown';
  readonly message: string;
}

const KINDS = {
  'disk-full': 'transient',
  unavailable: 'transient',
  rejected: 'permanent',
  unexpected: 'unknown',
} as const satisfies Record<StoreError['reason'], Failure['kind']>;

export function toFailure(thrown: unknown): Failure {
  const { message } = toError(thrown);
  return { kind: thrown instanceof StoreError ? KINDS[thrown.reason] : 'unknown', message };
}
