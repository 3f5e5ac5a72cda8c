/**
 * What is known of the table while one call is carried out: learned from the old items that failed conditions return, or
 * from our own commits. Facts stay true, but for marks that may turn into something else; their conditions notice.
 */
import type { AppendException } from '../store.ts';
import type { Entry } from '../../entry.ts';
import type { BatchRecord } from './batch-names.ts';
import type { Item } from './item.ts';
import { textAt } from './item.ts';
import type { Place } from './place-item.ts';

/** Who holds an idempotency key. */
export interface Holder {
  readonly id: string;
  readonly fingerprint: Uint8Array;
}

export interface Facts {
  /** By id. */
  readonly places: Map<string, Place>;
  /** By the name of the key's item. */
  readonly holders: Map<string, Holder>;
  /** Batches on record, by the name of their item. */
  readonly names: Map<string, BatchRecord>;
  /** Names that were looked for and are not on record. */
  readonly missing: Set<string>;
}

export function createFacts(): Facts {
  return { places: new Map(), holders: new Map(), names: new Map(), missing: new Set() };
}

export function mergeFacts(into: Facts, from: Facts): void {
  for (const [id, place] of from.places) into.places.set(id, place);
  for (const [name, holder] of from.holders) into.holders.set(name, holder);
  for (const [name, record] of from.names) into.names.set(name, record);
}

export function toHolder(item: Item): Holder {
  return { id: textAt(item, 'id') as string, fingerprint: item['fingerprint']?.B ?? NO_FINGERPRINT };
}

const NO_FINGERPRINT = new Uint8Array(32);
export const fingerprintOf = ({ fingerprint = NO_FINGERPRINT }: Entry): Uint8Array => fingerprint;

/** What is told of an entry; where it is in its batch is known elsewhere. */
export type HeldKey = Omit<AppendException, 'index'>;

export function heldBy(holder: Holder, entry: Entry): HeldKey {
  const same = Buffer.compare(holder.fingerprint, fingerprintOf(entry)) === 0;
  return { kind: same ? 'duplicate' : 'conflict', firstId: holder.id };
}

/** How an entry fared that has a place already; a dead one without a first one was given up on by the caller. */
export function heldKeyOf(place: Place): HeldKey | undefined {
  if (place.at === 'stored' || place.firstId === undefined) return undefined;
  if (place.at === 'duplicate') return { kind: 'duplicate', firstId: place.firstId };
  return place.at === 'dead' ? { kind: 'conflict', firstId: place.firstId } : undefined;
}
