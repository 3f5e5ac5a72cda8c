/**
 * Where an entry is to go, by what is known: the rules of `Store.persist`, `append` and `replay`, without any I/O.
 */
import type { Batch } from '../../envelope.ts';
import type { AppendException } from '../store.ts';
import { nameKey } from './batch-names.ts';
import type { KeyedEntry } from './entry-writes.ts';
import { holderKey } from './entry-writes.ts';
import type { Facts, HeldKey, Holder } from './facts.ts';
import { heldBy, heldKeyOf } from './facts.ts';
import type { EntryStep, Job } from './job.ts';
import { itemName } from './keys.ts';
import type { Mark, Place } from './place-item.ts';

/** What is known, with what is planned on top of it. */
export interface View {
  placeOf(id: string): Place | undefined;
  holderOf(entry: KeyedEntry): Holder | undefined;
  isRecorded(name: Pick<Batch, 'source' | 'n'>): boolean;
}

export interface Goal {
  readonly to: Mark | 'stored';
  readonly firstId?: string;
}

/** Without a goal an entry stays where it is. */
interface Decision {
  readonly goal?: Goal;
  readonly held?: HeldKey | undefined;
}

export function createView(lane: string, facts: Facts, planned: Facts): View {
  return {
    placeOf: (id) => planned.places.get(id) ?? facts.places.get(id),
    holderOf(entry) {
      const key = holderKey(lane, entry);
      if (key === undefined) return undefined;
      return planned.holders.get(itemName(key)) ?? facts.holders.get(itemName(key));
    },
    isRecorded(name) {
      const key = itemName(nameKey(lane, name));
      return planned.names.has(key) || facts.names.has(key);
    },
  };
}

export function decide(job: Job, view: View, step: EntryStep): Decision {
  const { entry } = step;
  const place = view.placeOf(entry.id);
  if (place?.at === 'stored' || (place === undefined && !job.acceptsNew)) return {};
  if (place !== undefined && !job.leaves.includes(place.at)) return { held: heldKeyOf(place) };
  if (step.kind === 'mark') return place?.at === step.as ? {} : { goal: { to: step.as } };
  const holder = view.holderOf(step);
  if (holder === undefined || holder.id === entry.id) return { goal: { to: 'stored' } };
  const held = heldBy(holder, step.entry);
  const to = held.kind === 'duplicate' ? 'duplicate' : 'dead';
  const stays = !job.acknowledged || place?.at === to;
  return { held, ...(!stays && { goal: { to, firstId: held.firstId } }) };
}

/** What was told of a batch before, as far as it still holds; its places and keys are known by now. */
export function knownOf(view: View, { region, entries }: Batch): AppendException[] {
  return [...entries.entries()].flatMap(([index, entry]) => {
    if (entry.idempotencyKey === undefined) return [];
    const place = view.placeOf(entry.id);
    const holder = view.holderOf({ region, entry });
    const free = holder === undefined || holder.id === entry.id;
    const held = place !== undefined ? heldKeyOf(place) : free ? undefined : heldBy(holder, entry);
    return held === undefined ? [] : [{ index, ...held }];
  });
}
